-- name: current
-- Those in force at a time, or now.
SELECT id, version, kind, geofence_id, severity, params
  FROM rule WHERE sector_id = %(sector)s AND (valid_to IS NULL OR valid_to > %(at)s)
   AND (%(at)s::timestamptz IS NULL OR valid_from <= %(at)s) AND geofence_id IS NOT NULL ORDER BY id

-- name: ids
SELECT id FROM rule WHERE sector_id = %(sector)s AND valid_to IS NULL

-- name: time_zone
SELECT time_zone FROM sector WHERE id = %(sector)s

-- name: sensor_places
SELECT no, id, ST_X(geom), ST_Y(geom) FROM sensor WHERE sector_id = %(sector)s
