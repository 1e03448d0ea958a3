-- name: sectors
-- Every sector, with its writer's address while that gives signs of life.
SELECT id, CASE WHEN owner_seen_at > clock_timestamp() - make_interval(secs => %(alive_s)s)
                THEN owner_url END
  FROM sector ORDER BY id

-- name: edges
SELECT id, sector_id FROM edge WHERE enabled
