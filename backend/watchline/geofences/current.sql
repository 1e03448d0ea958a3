-- name: current
-- The versions in force at a time, or now; a line's segments each have a direction.
SELECT id, version, kind, ST_AsBinary(geom), directions, p_in, p_out
  FROM geofence WHERE sector_id = %(sector)s AND (valid_to IS NULL OR valid_to > %(at)s)
   AND (%(at)s::timestamptz IS NULL OR valid_from <= %(at)s) ORDER BY id

-- name: newest_rev
SELECT greatest((SELECT coalesce(max(rev), 0) FROM geofence WHERE sector_id = %(sector)s),
                (SELECT coalesce(max(rev), 0) FROM rule WHERE sector_id = %(sector)s))
