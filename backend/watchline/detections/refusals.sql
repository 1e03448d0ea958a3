-- name: count
-- After five quiet minutes `recent` begins anew.
INSERT INTO refusal AS r (edge_id, code, total, recent, since, last_at)
VALUES (%(edge)s, %(code)s, %(count)s, %(count)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (edge_id, code) DO UPDATE SET
    total = r.total + excluded.total,
    recent = CASE WHEN r.last_at < excluded.last_at - interval '5 minutes'
                  THEN excluded.recent ELSE r.recent + excluded.recent END,
    since = CASE WHEN r.last_at < excluded.last_at - interval '5 minutes'
                 THEN excluded.since ELSE r.since END,
    last_at = excluded.last_at

-- name: sample
INSERT INTO quarantine (known_at, edge_id, code, payload)
VALUES (clock_timestamp(), %(edge)s, %(code)s, %(body)s)
