-- name: sectors
SELECT id FROM sector ORDER BY id

-- name: edges
SELECT id, sector_id FROM edge WHERE enabled
