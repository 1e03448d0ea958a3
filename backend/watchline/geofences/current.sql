-- name: current
-- The versions valid at a time, or now; a line's segments each have a direction.
SELECT id, version, kind, purpose, ST_AsBinary(geom), directions, p_in, p_out, schedule
  FROM geofence WHERE sector_id = %(sector)s AND (valid_to IS NULL OR valid_to > %(at)s)
   AND (%(at)s::timestamptz IS NULL OR valid_from <= %(at)s) ORDER BY id

-- name: pauses
-- Those that are over stay for as long as something late may still be judged by them.
SELECT geofence_id, (extract(epoch FROM from_at) * 1000000)::bigint,
       (extract(epoch FROM until_at) * 1000000)::bigint
  FROM geofence_pause
 WHERE sector_id = %(sector)s AND from_at < until_at
   AND until_at > coalesce(%(at)s::timestamptz, now()) - interval '7 days'

-- name: time_zone
SELECT time_zone FROM sector WHERE id = %(sector)s

-- name: newest_rev
SELECT greatest((SELECT coalesce(max(rev), 0) FROM geofence WHERE sector_id = %(sector)s),
                (SELECT coalesce(max(rev), 0) FROM geofence_pause WHERE sector_id = %(sector)s),
                (SELECT coalesce(max(rev), 0) FROM rule WHERE sector_id = %(sector)s))
