-- name: now
SELECT clock_timestamp() AS now

-- name: writers
SELECT s.id AS sector, s.owner_seen_at AS seen_at, s.owner_since AS since,
       count(l.id) FILTER (WHERE l.rerun_at IS NULL) AS reruns_waiting, count(l.rerun_at) AS reruns_done
  FROM sector s LEFT JOIN late_span l ON l.sector_id = s.id
 GROUP BY s.id ORDER BY s.id

-- name: edges
-- Each settled seq was counted once, as one of the four kinds: no multirange is unpacked here.
SELECT e.id AS edge, e.sector_id AS sector, e.last_seen_at AS seen_at, e.skew_ms, h.switched_off, h.trouble, h.trouble_at,
       l.expected, l.detections, l.others, l.quarantined, l.lost, l.lost_at
  FROM edge e
  LEFT JOIN LATERAL (
       SELECT coalesce(sum(highest_seq), 0)::bigint AS expected,
              coalesce(sum(detections), 0)::bigint AS detections,
              coalesce(sum(others), 0)::bigint AS others,
              coalesce(sum(quarantined), 0)::bigint AS quarantined,
              coalesce(sum(lost), 0)::bigint AS lost, max(lost_at) AS lost_at
         FROM ledger WHERE edge_id = e.id) l ON true
  LEFT JOIN LATERAL (
       SELECT coalesce(bool_and(h.state = 'goodbye'), false) AS switched_off,
              min(h.code) FILTER (WHERE h.code IN ('spool.full', 'spool.damaged')) AS trouble,
              min(h.at) FILTER (WHERE h.code IN ('spool.full', 'spool.damaged')) AS trouble_at
         FROM sensor s JOIN sensor_health h ON h.sensor_id = s.id WHERE s.edge_id = e.id) h ON true
 WHERE e.enabled ORDER BY e.id

-- name: missing
-- Holes whose seqs had all been given out before `age` ago; since when, in boots heard within a day.
SELECT l.edge_id AS edge, sum(upper(hole) - lower(hole))::bigint AS missing,
       min(given.at) FILTER (WHERE l.last_known_at > now() - interval '1 day') AS missing_since
  FROM ledger l
  CROSS JOIN unnest(int8multirange(int8range(1, l.highest_seq + 1)) - l.settled) AS hole
  CROSS JOIN LATERAL (
       SELECT coalesce((SELECT known_at FROM ledger_mark m
                         WHERE m.edge_id = l.edge_id AND m.boot = l.boot
                           AND m.highest_seq >= upper(hole) - 1
                         ORDER BY m.highest_seq LIMIT 1), l.last_known_at) AS at) given
 WHERE l.highest_seq > l.detections + l.others + l.quarantined + l.lost
   AND given.at < now() - %(age)s
 GROUP BY l.edge_id

-- name: refusals
-- All of them, for the counts; those of the last minutes are news.
SELECT r.edge_id AS edge, e.sector_id AS sector, r.code, r.total, r.recent, r.since, r.last_at
  FROM refusal r LEFT JOIN edge e ON e.id = r.edge_id ORDER BY r.edge_id, r.code

-- name: quarantine
-- Of the last five minutes, by edge and code; a flood is counted up to a thousand.
SELECT e.id AS edge, e.sector_id AS sector, q.code, count(*) AS count, min(q.known_at) AS since
  FROM edge e CROSS JOIN LATERAL (
       SELECT code, known_at FROM quarantine
        WHERE edge_id = e.id AND boot IS NOT NULL AND known_at > now() - interval '5 minutes'
        LIMIT 1000) q
 WHERE e.enabled GROUP BY e.id, e.sector_id, q.code ORDER BY e.id, q.code

-- name: idle
-- Sessions that hold a transaction open and do nothing; pg_read_all_stats shows everybody's.
SELECT left(application_name, 64) AS application, usename AS user, pid, state_change AS since
  FROM pg_stat_activity
 WHERE datname = current_database() AND state LIKE 'idle in transaction%%'
   AND state_change < now() - interval '10 s'
 ORDER BY state_change LIMIT 20
