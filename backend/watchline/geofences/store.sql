-- Geofences are versioned: a change ends the validity of one version and adds the next.

-- name: frame
-- What geofences of a sector are measured in: the ground it owns, its plane and its clocks.
SELECT ST_AsBinary(geom) AS geom, ST_X(origin) AS lon, ST_Y(origin) AS lat, time_zone
FROM sector WHERE id = %(sector)s

-- name: in_force
-- The valid version of each, with the pause that ends last; `ids` null: all of the sector.
SELECT g.id, g.version, g.name, g.kind, g.purpose, g.directions, g.p_in, g.p_out, g.drawn,
       g.schedule, ST_AsGeoJSON(g.geom, 9)::jsonb AS geom, p.reason, p.until_at
FROM geofence g
LEFT JOIN LATERAL (
    SELECT reason, until_at FROM geofence_pause
    WHERE sector_id = g.sector_id AND geofence_id = g.id AND from_at <= now() AND until_at > now()
    ORDER BY until_at DESC LIMIT 1) p ON true
WHERE g.sector_id = %(sector)s AND g.valid_to IS NULL
  AND (%(ids)s::text[] IS NULL OR g.id = ANY(%(ids)s::text[]))
ORDER BY g.id

-- name: elsewhere
-- Ids that another sector has ever used.
SELECT min(id) FROM geofence WHERE id = ANY(%(ids)s::text[]) AND sector_id <> %(sector)s

-- name: put
-- The next version of each that differs from the one in force; answers which did.
WITH told AS (
    SELECT t.*, ST_GeomFromWKB(decode(t.wkb, 'hex'), 4326) AS geom
    FROM jsonb_to_recordset(%(told)s::jsonb) AS t(
        id text, name text, kind text, purpose text, wkb text, drawn jsonb, schedule jsonb,
        directions text[], p_in real, p_out real)
), changed AS (
    SELECT t.*, coalesce((SELECT max(version) FROM geofence v WHERE v.id = t.id), 0) + 1 AS version
    FROM told t
    LEFT JOIN geofence g ON g.id = t.id AND g.valid_to IS NULL
    WHERE g.id IS NULL
       OR (g.name, g.kind, g.purpose, g.drawn, g.schedule, g.directions, g.p_in, g.p_out)
          IS DISTINCT FROM
          (t.name, t.kind, t.purpose, t.drawn, t.schedule, t.directions, t.p_in, t.p_out)
       OR ST_AsGeoJSON(g.geom, 9) <> ST_AsGeoJSON(t.geom, 9)
), closed AS (
    UPDATE geofence g SET valid_to = now(), rev = %(rev)s
    FROM changed c WHERE g.id = c.id AND g.valid_to IS NULL
)
INSERT INTO geofence (id, version, sector_id, name, kind, purpose, geom, drawn, schedule,
                      directions, p_in, p_out, valid_from, rev)
SELECT id, version, %(sector)s, name, kind, purpose, geom, drawn, schedule,
       directions, p_in, p_out, now(), %(rev)s
FROM changed
RETURNING id

-- name: close
UPDATE geofence SET valid_to = now(), rev = %(rev)s
WHERE sector_id = %(sector)s AND id = %(id)s AND valid_to IS NULL
RETURNING id

-- name: pause
INSERT INTO geofence_pause (sector_id, geofence_id, reason, from_at, until_at, rev)
SELECT %(sector)s, %(id)s, %(reason)s, now(), %(until)s, %(rev)s

-- name: arm
UPDATE geofence_pause SET until_at = now(), rev = %(rev)s
WHERE sector_id = %(sector)s AND geofence_id = %(id)s AND until_at > now()
