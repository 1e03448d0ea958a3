-- name: claim
-- The oldest that waits, or whose runner has shown no life for half a minute.
UPDATE backtest SET status = 'running', progress = 0, touched_at = clock_timestamp()
 WHERE id = (SELECT id FROM backtest
              WHERE status = 'queued' OR (status = 'running' AND touched_at < clock_timestamp() - interval '30 s')
              ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, sector_id, rule_id, draft, days, asked_at

-- name: touch
UPDATE backtest SET progress = %(progress)s, touched_at = clock_timestamp() WHERE id = %(id)s

-- name: done
UPDATE backtest SET status = %(status)s, progress = 1, result = %(result)s, code = %(code)s,
       touched_at = clock_timestamp() WHERE id = %(id)s

-- name: sector
SELECT ST_X(origin), ST_Y(origin), time_zone FROM sector WHERE id = %(sector)s

-- name: incidents
-- What the rule has raised in the time: (incident, its number, confirmed, track, time).
SELECT i.id, i.no, coalesce(i.disposition LIKE 'genuine%%', false), f.track_id,
       (extract(epoch FROM f.at) * 1e6)::bigint
  FROM finding f JOIN incident i ON i.id = f.incident_id
 WHERE f.sector_id = %(sector)s AND f.rule_id = %(rule)s
   AND f.at BETWEEN to_timestamp(%(from_us)s / 1e6) AND to_timestamp(%(to_us)s / 1e6)

-- name: opinion_tables
CREATE TEMP TABLE IF NOT EXISTS plot (track int, n int, at_us bigint, geom geometry);
CREATE TEMP TABLE IF NOT EXISTS fence (id text, kind text, geom geometry);
TRUNCATE plot, fence
