-- Rules are versioned as geofences are.

-- name: in_force
-- The valid version of each rule; `geofences` null: all of the sector.
SELECT id, version, name, kind, geofence_id, severity, params FROM rule
WHERE sector_id = %(sector)s AND valid_to IS NULL
  AND (%(geofences)s::text[] IS NULL OR geofence_id = ANY(%(geofences)s::text[]))
ORDER BY id

-- name: one_in_force
SELECT id, version, sector_id, name, kind, geofence_id, severity, params FROM rule
WHERE id = %(id)s AND valid_to IS NULL

-- name: cost
-- How many rules there are, and the corners of the geofences under them.
SELECT (SELECT count(*) FROM rule WHERE sector_id = %(sector)s AND valid_to IS NULL),
       (SELECT coalesce(sum(ST_NPoints(geom)), 0) FROM geofence
        WHERE sector_id = %(sector)s AND valid_to IS NULL
          AND id IN (SELECT geofence_id FROM rule
                     WHERE sector_id = %(sector)s AND valid_to IS NULL))

-- name: elsewhere
SELECT min(id) FROM rule WHERE id = ANY(%(ids)s::text[]) AND sector_id <> %(sector)s

-- name: put
-- What the geofences shall have: what is not told ends, what differs gets its next version.
-- Answers whose rules that changed.
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%(told)s::jsonb) AS t(
        id text, name text, kind text, geofence_id text, severity text, params jsonb)
), there AS (
    SELECT * FROM rule
    WHERE sector_id = %(sector)s AND valid_to IS NULL
      AND (geofence_id = ANY(%(geofences)s::text[]) OR id IN (SELECT id FROM told))
), changed AS (
    SELECT t.*, coalesce((SELECT max(version) FROM rule v WHERE v.id = t.id), 0) + 1 AS version
    FROM told t LEFT JOIN there h ON h.id = t.id
    WHERE h.id IS NULL
       OR (h.name, h.kind, h.geofence_id, h.severity, h.params)
          IS DISTINCT FROM (t.name, t.kind, t.geofence_id, t.severity, t.params)
), closed AS (
    UPDATE rule r SET valid_to = now(), rev = %(rev)s
    FROM there h
    WHERE r.id = h.id AND r.version = h.version
      AND (h.id IN (SELECT id FROM changed) OR h.id NOT IN (SELECT id FROM told))
    RETURNING r.geofence_id
), added AS (
    INSERT INTO rule (id, version, sector_id, name, kind, geofence_id, severity, params,
                      valid_from, rev)
    SELECT id, version, %(sector)s, name, kind, geofence_id, severity, params, now(), %(rev)s
    FROM changed
    RETURNING geofence_id
)
SELECT geofence_id FROM closed UNION SELECT geofence_id FROM added

-- name: that_need
-- Rules over a geofence, and those that name it in their parameters.
SELECT id, name, kind, geofence_id = %(geofence)s AS over FROM rule
WHERE sector_id = %(sector)s AND valid_to IS NULL
  AND (geofence_id = %(geofence)s
       OR jsonb_path_exists(params, '$.** ? (@ == $id)', jsonb_build_object('id', %(geofence)s::text)))
ORDER BY id

-- name: close
UPDATE rule SET valid_to = now(), rev = %(rev)s
WHERE sector_id = %(sector)s AND valid_to IS NULL AND id = ANY(%(ids)s::text[])
