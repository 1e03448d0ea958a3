-- name: try_lock
-- One worker of all does the maintenance: held by the session that does it.
SELECT pg_try_advisory_lock(hashtext('watchline.maintenance'))

-- name: over
-- Days whose end is six hours past: until then a clock that is set back still finds its day open.
SELECT d FROM detection_days() d
 WHERE d + 1 <= (clock_timestamp() - interval '6 hours') AT TIME ZONE 'UTC'
   AND NOT EXISTS (SELECT FROM closed_day WHERE day = d)
 ORDER BY d

-- name: close
SELECT close_detection_day(%(day)s)

-- name: closed
SELECT row_count, byte_count FROM closed_day WHERE day = %(day)s

-- name: count_pass
-- A clock that jumps ahead makes all days too old: only one that stays there drops any.
UPDATE closed_day
   SET due_passes = CASE WHEN day + 1 + %(keep)s <= clock_timestamp() AT TIME ZONE 'UTC'
                         THEN due_passes + 1 ELSE 0 END
 WHERE due_passes > 0 OR day + 1 + %(keep)s <= clock_timestamp() AT TIME ZONE 'UTC'

-- name: due
SELECT day, row_count, byte_count FROM closed_day
 WHERE due_passes >= %(passes)s AND day + 1 + %(keep)s <= clock_timestamp() AT TIME ZONE 'UTC'
 ORDER BY day

-- name: drop
SELECT drop_detection_day(%(day)s)

-- name: horizon
-- All else goes with the detections of its time: nothing from the oldest day on is touched.
SELECT least(min(d)::timestamp AT TIME ZONE 'UTC', clock_timestamp() - make_interval(days => %(keep)s))
  FROM detection_days() d

-- name: prune_quarantine
DELETE FROM quarantine WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM quarantine WHERE known_at < %(before)s LIMIT %(limit)s))

-- name: prune_tracks
-- A track that an incident tells of is kept as long as the incident.
DELETE FROM track WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM track
     WHERE last_at < %(before)s AND greatest(known_at, known_to) < %(before)s
       AND id NOT IN (SELECT unnest(track_ids) FROM incident)
     LIMIT %(limit)s))

-- name: prune_units
DELETE FROM unit WHERE ctid = ANY(ARRAY(SELECT ctid FROM unit WHERE at < %(before)s LIMIT %(limit)s))

-- name: prune_late_spans
DELETE FROM late_span WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM late_span WHERE rerun_at < %(before)s LIMIT %(limit)s))

-- name: prune_boots
-- Starts of an edge whose rows are all dropped; its last start stays, however long it is silent.
DELETE FROM ledger WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ledger l
     WHERE last_known_at < %(before)s
       AND EXISTS (SELECT FROM ledger n
                    WHERE n.edge_id = l.edge_id AND n.last_known_at > l.last_known_at)
     LIMIT %(limit)s))

-- name: prune_marks
-- The newest mark before that is kept: it is where the time after it begins.
DELETE FROM ledger_mark WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ledger_mark m
     WHERE known_at < %(before)s
       AND EXISTS (SELECT FROM ledger_mark n
                    WHERE n.edge_id = m.edge_id AND n.boot = m.boot
                      AND n.highest_seq > m.highest_seq AND n.known_at < %(before)s)
     LIMIT %(limit)s))

-- name: prune_footage
-- Its octets go with it.
DELETE FROM footage WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM footage WHERE expires_at <= %(before)s LIMIT %(limit)s))

-- name: prune_logins
SELECT prune_logins(%(before)s)
