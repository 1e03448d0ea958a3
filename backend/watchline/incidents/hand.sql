-- What people's steps need beside the incident's own row.

-- name: sector_of
SELECT sector_id FROM incident WHERE id = %(id)s

-- name: now_us
SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint

-- name: is_in_sector
SELECT ST_Intersects(geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)) FROM sector
 WHERE id = %(sector)s

-- name: newest_of_tracks
-- The newest finding of some of an incident's tracks.
SELECT rule_id, rule_version, geofence_id, geofence_version, ST_X(geom) AS lon, ST_Y(geom) AS lat,
       (extract(epoch FROM at) * 1e6)::bigint AS last_us,
       (extract(epoch FROM min(at) OVER ()) * 1e6)::bigint AS opened_us, count(*) OVER () AS findings
  FROM finding WHERE incident_id = %(id)s AND track_id = ANY(%(tracks)s::uuid[])
 ORDER BY at DESC, id LIMIT 1

-- name: move
-- To another incident: all findings, or those of some tracks and rules.
UPDATE finding SET incident_id = %(to)s
 WHERE incident_id = %(id)s
   AND (%(tracks)s::uuid[] IS NULL OR track_id = ANY(%(tracks)s::uuid[]))
   AND (%(triggers)s::jsonb IS NULL
        OR %(triggers)s::jsonb @> jsonb_build_array(jsonb_build_array(rule_id, geofence_id)))

-- name: remains
SELECT count(*) AS findings, coalesce(array_agg(DISTINCT track_id::text), '{}') AS tracks,
       coalesce(jsonb_agg(DISTINCT jsonb_build_array(rule_id, geofence_id)), '[]') AS triggers
  FROM finding WHERE incident_id = %(id)s
