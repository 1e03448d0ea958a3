-- name: gaps
-- What was given out and is not stored, the newest first: missing so far, or declared lost. It was
-- given out after from_at (null: before the boot was first heard) and before to_at. What was given
-- out within `age` is on its way, not missing.
SELECT l.edge_id AS edge, l.boot::text AS boot, lower(gap.seqs) AS from_seq,
       upper(gap.seqs) - 1 AS to_seq, gap.kind, NULL AS code, before.known_at AS from_at, after.at AS to_at
  FROM ledger l
  CROSS JOIN LATERAL (
       SELECT seqs, 'missing' AS kind
         FROM unnest(int8multirange(int8range(1, l.highest_seq + 1)) - l.settled) AS seqs
       UNION ALL SELECT seqs, 'lost' FROM unnest(l.lost_ranges) AS seqs) gap
  LEFT JOIN LATERAL (
       SELECT known_at FROM ledger_mark m
        WHERE m.edge_id = l.edge_id AND m.boot = l.boot AND m.highest_seq < lower(gap.seqs)
        ORDER BY m.highest_seq DESC LIMIT 1) before ON true
  CROSS JOIN LATERAL (
       SELECT coalesce((SELECT known_at FROM ledger_mark m
                         WHERE m.edge_id = l.edge_id AND m.boot = l.boot
                           AND m.highest_seq >= upper(gap.seqs) - 1
                         ORDER BY m.highest_seq LIMIT 1), l.last_known_at) AS at) after
 WHERE l.edge_id = %(edge)s AND (gap.kind = 'lost' OR after.at < now() - %(age)s)
 ORDER BY after.at DESC, l.boot, lower(gap.seqs) DESC LIMIT 200

-- name: quarantined
-- The newest items that could not be used, neighbours with the same fault together.
SELECT edge_id AS edge, boot::text AS boot, min(seq) AS from_seq, max(seq) AS to_seq,
       'quarantined' AS kind, code, min(known_at) AS from_at, max(known_at) AS to_at
  FROM (SELECT q.*, seq - row_number() OVER (PARTITION BY boot, code ORDER BY seq) AS island
          FROM (SELECT * FROM quarantine WHERE edge_id = %(edge)s AND boot IS NOT NULL
                 ORDER BY known_at DESC LIMIT 1000) q) q
 GROUP BY edge_id, boot, code, island
 ORDER BY max(known_at) DESC LIMIT 200

-- name: hours
-- The ledger by the hour in which the hub knew that the seqs were given out: the last day's.
WITH upto AS (
    SELECT boot, date_trunc('hour', known_at) AS hour, max(seq) AS seq
      FROM (SELECT boot, known_at, highest_seq AS seq FROM ledger_mark
             WHERE edge_id = %(edge)s AND known_at >= date_trunc('hour', now()) - interval '23 h'
            UNION ALL
            SELECT boot, last_known_at, highest_seq FROM ledger
             WHERE edge_id = %(edge)s AND last_known_at >= date_trunc('hour', now()) - interval '23 h') told
     GROUP BY 1, 2
), span AS (
    SELECT boot, hour, int8multirange(int8range(coalesce(
               lag(seq) OVER (PARTITION BY boot ORDER BY hour),
               (SELECT max(highest_seq) FROM ledger_mark m
                 WHERE m.edge_id = %(edge)s AND m.boot = upto.boot
                   AND m.known_at < date_trunc('hour', now()) - interval '23 h'), 0) + 1, seq + 1)) AS seqs
      FROM upto
)
SELECT hour, sum(size(seqs))::bigint AS expected, sum(size(seqs * l.settled))::bigint AS settled,
       sum(size(seqs - l.settled))::bigint AS missing, sum(size(seqs * l.lost_ranges))::bigint AS lost
  FROM span JOIN ledger l ON l.edge_id = %(edge)s AND l.boot = span.boot
 GROUP BY hour ORDER BY hour
