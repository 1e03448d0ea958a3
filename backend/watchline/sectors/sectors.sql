-- name: all
SELECT id, name, time_zone, synthetic, rev, ST_AsGeoJSON(geom, 7)::jsonb AS geom,
       ST_X(origin) AS origin_lon, ST_Y(origin) AS origin_lat
FROM sector ORDER BY id

-- name: exists
SELECT EXISTS (SELECT FROM sector WHERE id = %(sector)s)

-- name: next_rev
-- The first statement of every change by a person: it orders all writers of the sector.
UPDATE sector SET rev = rev + 1 WHERE id = %(sector)s RETURNING rev

-- name: rev
SELECT rev FROM sector WHERE id = %(sector)s

-- name: tell
SELECT pg_notify('watchline_sector', %(sector)s)

-- name: sensors
SELECT s.id, s.no, s.name, s.kind, s.edge_id AS edge, s.site_id AS site,
       ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, ST_Z(s.geom) AS height_m,
       s.info->'field_of_view' AS field_of_view,
       coalesce((s.info->>'simulated')::boolean, false) AS simulated,
       h.state, h.code, h.at, h.known_at,
       extract(epoch FROM now() - h.known_at)::float8 AS age_s
FROM sensor s LEFT JOIN sensor_health h ON h.sensor_id = s.id
WHERE s.sector_id = %(sector)s ORDER BY s.no

-- name: writers
SELECT id, epoch, rev, owner_url, owner_token FROM sector ORDER BY id

-- name: owner_of_edge
-- The address only while the writer gives signs of life.
SELECT s.id AS sector,
       CASE WHEN s.owner_seen_at > clock_timestamp() - make_interval(secs => %(alive_s)s)
            THEN s.owner_url END AS owner_url
FROM edge e JOIN sector s ON s.id = e.sector_id
WHERE e.id = %(edge)s AND e.enabled

-- name: sector_of_edge
SELECT sector_id FROM edge WHERE id = %(edge)s
