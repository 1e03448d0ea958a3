-- name: report
-- The newest report stands; an older one that comes late changes nothing.
INSERT INTO unit (sector_id, id, at, geom, sigma_m, east_mps, north_mps)
VALUES (%(sector)s, %(id)s, %(at)s, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(sigma_m)s,
        %(east_mps)s, %(north_mps)s)
ON CONFLICT (sector_id, id) DO UPDATE SET at = excluded.at, known_at = excluded.known_at,
    geom = excluded.geom, sigma_m = excluded.sigma_m, east_mps = excluded.east_mps,
    north_mps = excluded.north_mps
 WHERE excluded.at > unit.at

-- name: all
SELECT id, at, ST_X(geom) AS lon, ST_Y(geom) AS lat, sigma_m, east_mps, north_mps,
       at > clock_timestamp() - make_interval(secs => %(fresh_s)s) AS fresh
  FROM unit WHERE sector_id = %(sector)s ORDER BY id

-- name: fresh
SELECT id, (extract(epoch FROM at) * 1e6)::bigint, ST_X(geom), ST_Y(geom), sigma_m, east_mps, north_mps
  FROM unit
 WHERE sector_id = %(sector)s AND at > clock_timestamp() - make_interval(secs => %(fresh_s)s)
 ORDER BY at, id
