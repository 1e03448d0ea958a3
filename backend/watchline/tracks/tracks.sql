-- name: by_no
-- The version that holds now; the live one before a rerun's.
SELECT id, no, status, first_at, last_at, ST_X(geom) AS lon, ST_Y(geom) AS lat,
       classes, sensors, hits,
       (SELECT array_agg(ARRAY[ST_X(p.geom), ST_Y(p.geom), ST_M(p.geom)] ORDER BY p.path)
        FROM ST_DumpPoints(track.path) AS p) AS path
FROM track
WHERE sector_id = %(sector)s AND no = %(no)s AND known_to IS NULL
ORDER BY historical, last_at DESC LIMIT 1

-- name: plots
-- The newest plots of a live track. detection_sensor finds them; known_at shuts old partitions out
-- (a stamp may be ahead of our clock by an hour at most before it counts as uncertain).
SELECT lon, lat, at_s FROM (
    SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat, extract(epoch FROM at)::float8 AS at_s
    FROM detection
    WHERE sensor_id = ANY(%(sensors)s::text[]) AND at BETWEEN %(first_at)s AND %(last_at)s
      AND known_at >= %(first_at)s::timestamptz - interval '1 hour'
      AND track_id = %(track)s AND geom IS NOT NULL
    ORDER BY at DESC LIMIT %(limit)s
) newest ORDER BY at_s
