-- name: finding
INSERT INTO finding (id, incident_id, sector_id, rule_id, rule_version, geofence_id, geofence_version,
    track_id, kind, at, geom, evidence)
VALUES (%(id)s, %(incident)s, %(sector)s, %(rule)s, %(rule_version)s, %(geofence)s, %(geofence_version)s,
    %(track)s, %(kind)s, to_timestamp(%(at_us)s / 1e6), ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326),
    %(evidence)s)

-- name: known_findings
-- What a rerun must not raise again of some tracks: (rule, geofence, track, time).
SELECT rule_id, geofence_id, track_id, (extract(epoch FROM at) * 1e6)::bigint
  FROM finding
 WHERE sector_id = %(sector)s AND at BETWEEN to_timestamp(%(from_us)s / 1e6) AND to_timestamp(%(to_us)s / 1e6)
   AND track_id = ANY(%(tracks)s::uuid[])

-- name: told_by_reruns
-- What live judging must not raise again: the same of historical incidents, from a time on.
SELECT f.rule_id, f.geofence_id, f.track_id, (extract(epoch FROM f.at) * 1e6)::bigint
  FROM finding f JOIN incident i ON i.id = f.incident_id
 WHERE f.sector_id = %(sector)s AND f.at >= to_timestamp(%(from_us)s / 1e6) AND i.historical
