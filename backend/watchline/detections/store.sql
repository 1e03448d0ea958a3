-- name: ledger_of
SELECT boot, settled::text, highest_seq FROM ledger WHERE edge_id = %(edge)s

-- name: settle
-- Add what this commit settles to the boot's row: the multirange stays one value however long.
-- Each ten seconds a mark remembers when the seqs so far had been given out.
WITH settled AS (
INSERT INTO ledger (edge_id, boot, settled, highest_seq, detections, others, quarantined, lost,
                    lost_ranges, lost_at, first_known_at, last_known_at, marked_at)
SELECT %(edge)s, %(boot)s, %(settled)s::int8multirange, %(highest)s, %(detections)s, %(others)s,
       %(quarantined)s, %(lost)s, newest_ranges(%(lost_ranges)s::int8multirange, %(most_lost)s),
       CASE WHEN %(lost)s > 0 THEN known.at END, known.at, known.at, known.at
  FROM (SELECT to_timestamp(%(known_us)s / 1e6) AS at) known
ON CONFLICT (edge_id, boot) DO UPDATE SET
    settled = ledger.settled + excluded.settled,
    highest_seq = greatest(ledger.highest_seq, excluded.highest_seq),
    detections = ledger.detections + excluded.detections,
    others = ledger.others + excluded.others,
    quarantined = ledger.quarantined + excluded.quarantined,
    lost = ledger.lost + excluded.lost,
    lost_ranges = CASE WHEN excluded.lost = 0 THEN ledger.lost_ranges
                       ELSE newest_ranges(ledger.lost_ranges + excluded.lost_ranges, %(most_lost)s) END,
    lost_at = coalesce(excluded.lost_at, ledger.lost_at),
    last_known_at = excluded.last_known_at,
    marked_at = CASE WHEN excluded.marked_at < ledger.marked_at + interval '10 s'
                     THEN ledger.marked_at ELSE excluded.marked_at END
RETURNING edge_id, boot, highest_seq, last_known_at, marked_at)
INSERT INTO ledger_mark (edge_id, boot, highest_seq, known_at)
SELECT edge_id, boot, highest_seq, last_known_at FROM settled WHERE marked_at = last_known_at
ON CONFLICT DO NOTHING

-- name: quarantine
INSERT INTO quarantine (known_at, edge_id, boot, seq, code, payload)
VALUES (to_timestamp(%(known_us)s / 1e6), %(edge)s, %(boot)s, %(seq)s, %(code)s, %(payload)s)

-- name: ensure_partitions
-- Today is midnight UTC by the database's clock; see detection_today.
SELECT ensure_detection_partitions(%(ahead)s),
       (extract(epoch FROM detection_today(%(ahead)s)::timestamp AT TIME ZONE 'UTC') * 1e6)::bigint

-- name: waiting_spans
-- Those that may still grow; the pipeline holds the sector's row lock, as `begin_late_span` does.
SELECT (extract(epoch FROM from_at) * 1e6)::bigint, (extract(epoch FROM to_at) * 1e6)::bigint
  FROM late_span WHERE sector_id = %(sector)s AND rerun_at IS NULL AND begun_at IS NULL

-- name: put_late_span
-- A stretch in place of those within it.
WITH within AS (
    DELETE FROM late_span
     WHERE sector_id = %(sector)s AND rerun_at IS NULL AND begun_at IS NULL
       AND from_at >= to_timestamp(%(from_us)s / 1e6) AND to_at <= to_timestamp(%(to_us)s / 1e6)
    RETURNING opened_at)
INSERT INTO late_span (sector_id, from_at, to_at, opened_at, changed_at)
SELECT %(sector)s, to_timestamp(%(from_us)s / 1e6), to_timestamp(%(to_us)s / 1e6),
       coalesce(min(opened_at), clock_timestamp()), clock_timestamp() FROM within

-- name: due_late_spans
-- A stretch is due when nothing late has come for the quiet time or it has waited long enough, and
-- at once when its rerun was interrupted.
SELECT id FROM late_span
 WHERE sector_id = %(sector)s AND rerun_at IS NULL
   AND (begun_at IS NOT NULL OR changed_at <= clock_timestamp() - make_interval(secs => %(quiet_s)s)
        OR opened_at <= clock_timestamp() - make_interval(secs => %(most_s)s))
 ORDER BY from_at

-- name: begin_late_span
-- It may have been joined to another since it was found.
UPDATE late_span SET begun_at = coalesce(begun_at, clock_timestamp())
 WHERE id = %(id)s AND rerun_at IS NULL
RETURNING (extract(epoch FROM from_at) * 1e6)::bigint, (extract(epoch FROM to_at) * 1e6)::bigint

-- name: close_late_span
UPDATE late_span SET rerun_at = clock_timestamp() WHERE id = %(id)s

-- name: detections_between
-- All sightings of the sector in a stretch of time whose clock can be trusted.
SELECT (extract(epoch FROM d.at) * 1e6)::bigint, s.no, d.edge_id, d.boot, d.seq, ST_X(d.geom), ST_Y(d.geom),
       d.var_east_m2, d.cov_m2, d.var_north_m2, d.east_mps, d.north_mps, d.speed_sigma_mps,
       d.bearing_deg, d.bearing_sigma_deg, d.range_m, d.range_sigma_m, d.classes, d.track_id
  FROM detection d JOIN sensor s ON s.id = d.sensor_id
 WHERE d.sector_id = %(sector)s AND d.timing IN ('l', 'a')
   AND d.at >= to_timestamp(%(from_us)s / 1e6) AND d.at < to_timestamp(%(to_us)s / 1e6)
 ORDER BY d.at
