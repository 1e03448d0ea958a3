-- name: open_incidents
SELECT id, no, rule_id, geofence_id, track_ids, condition, historical, findings,
       (SELECT max(no) FROM incident_event e WHERE e.incident_id = incident.id)
  FROM incident WHERE sector_id = %(sector)s AND status <> 'resolved'

-- name: last_no
SELECT coalesce(max(no), 0) FROM incident WHERE sector_id = %(sector)s

-- name: open
INSERT INTO incident (id, sector_id, no, rev, opened_at, known_at, last_at, status, condition, severity,
    historical, rule_id, rule_version, geofence_id, geofence_version, geom, track_ids, findings)
VALUES (%(id)s, %(sector)s, %(no)s, %(rev)s, to_timestamp(%(at_us)s / 1e6), to_timestamp(%(known_us)s / 1e6),
    to_timestamp(%(at_us)s / 1e6), 'new', %(condition)s, %(severity)s, %(historical)s, %(rule)s,
    %(rule_version)s, %(geofence)s, %(geofence_version)s,
    ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(tracks)s, 1)

-- name: join
-- The place follows the newest finding, so that the map shows where it is now.
UPDATE incident SET rev = %(rev)s, condition = %(condition)s, findings = %(findings)s,
       track_ids = %(tracks)s,
       geom = CASE WHEN last_at <= to_timestamp(%(at_us)s / 1e6)
                   THEN ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) ELSE geom END,
       last_at = greatest(last_at, to_timestamp(%(at_us)s / 1e6))
 WHERE id = %(id)s

-- name: clear
UPDATE incident SET rev = %(rev)s, condition = 'cleared' WHERE id = %(id)s

-- name: event
INSERT INTO incident_event (incident_id, no, at, known_at, kind, actor, detail)
VALUES (%(id)s, %(no)s, to_timestamp(%(at_us)s / 1e6), to_timestamp(%(known_us)s / 1e6), %(kind)s,
        'machine', %(detail)s)

-- name: finding
INSERT INTO finding (id, incident_id, sector_id, rule_id, rule_version, geofence_id, geofence_version,
    track_id, kind, at, geom, evidence)
VALUES (%(id)s, %(incident)s, %(sector)s, %(rule)s, %(rule_version)s, %(geofence)s, %(geofence_version)s,
    %(track)s, %(kind)s, to_timestamp(%(at_us)s / 1e6), ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326),
    %(evidence)s)

-- name: known_findings
-- What a rerun must not raise again: (rule, geofence, track, time).
SELECT rule_id, geofence_id, track_id, (extract(epoch FROM at) * 1e6)::bigint
  FROM finding
 WHERE sector_id = %(sector)s AND at BETWEEN to_timestamp(%(from_us)s / 1e6) AND to_timestamp(%(to_us)s / 1e6)
