-- name: put
INSERT INTO suppressed_finding (id, sector_id, rule_id, rule_version, geofence_id, geofence_version, track_id,
    track_no, kind, at, known_at, geom, reason, evidence)
VALUES (%(id)s, %(sector)s, %(rule)s, %(rule_version)s, %(geofence)s, %(geofence_version)s, %(track)s,
    %(track_no)s, %(kind)s, to_timestamp(%(at_us)s / 1e6), to_timestamp(%(known_us)s / 1e6),
    ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(reason)s, %(evidence)s)
ON CONFLICT (id) DO NOTHING
