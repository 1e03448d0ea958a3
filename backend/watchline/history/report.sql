-- name: ledger
-- settled + missing = expected, per edge and boot.
SELECT e.id, e.sector_id, e.last_seen_at, e.skew_ms, l.boot, l.highest_seq,
       (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(l.settled) r),
       l.detections, l.others, l.quarantined, l.lost,
       (SELECT coalesce(array_agg(array[lower(r), upper(r)] ORDER BY lower(r)), '{}')
          FROM (SELECT r FROM unnest(int8multirange(int8range(1, l.highest_seq + 1)) - l.settled) r LIMIT 20) holes)
  FROM edge e LEFT JOIN ledger l ON l.edge_id = e.id
 WHERE %(sector)s::text IS NULL OR e.sector_id = %(sector)s
 ORDER BY e.id, l.first_known_at

-- name: sensors
SELECT s.id, s.edge_id, h.at, h.state, h.code, h.counters
  FROM sensor s LEFT JOIN sensor_health h ON h.sensor_id = s.id
 WHERE %(sector)s::text IS NULL OR s.sector_id = %(sector)s ORDER BY s.id

-- name: stored
-- What is really there, and how often a natural key is there twice (always 0).
SELECT count(*), count(*) - count(DISTINCT (edge_id, boot, seq)) FROM detection
 WHERE %(sector)s::text IS NULL OR sector_id = %(sector)s

-- name: refused
-- Envelopes refused as a whole, and items that could not be used.
SELECT edge_id, code, total FROM refusal
UNION ALL
SELECT edge_id, code, count(*) FROM quarantine WHERE boot IS NOT NULL GROUP BY edge_id, code
ORDER BY 1, 2
