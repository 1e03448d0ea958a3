-- The official border line of a sector; M is the chainage in metres.

-- name: border
SELECT name, ST_AsBinary(geom) AS geom, pillars FROM border_line WHERE sector_id = %(sector)s

-- name: origin
SELECT ST_X(origin) AS lon, ST_Y(origin) AS lat FROM sector WHERE id = %(sector)s

-- name: put
INSERT INTO border_line (sector_id, name, geom, pillars)
VALUES (%(sector)s, %(name)s, ST_SetSRID(ST_GeomFromWKB(%(wkb)s), 4326), %(pillars)s)
ON CONFLICT (sector_id) DO UPDATE
SET name = excluded.name, geom = excluded.geom, pillars = excluded.pillars
