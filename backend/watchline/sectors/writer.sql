-- name: try_lock
-- One writer a sector: held by the session of the connection that writes.
SELECT pg_try_advisory_lock(hashtext('watchline.sector'), hashtext(%(sector)s))

-- name: unseat
-- End the session of a writer that holds the lock but has given no sign of life: it was stopped, or
-- cut off from us. A role may end its own sessions. Should it come back, the epoch keeps it out.
SELECT pg_terminate_backend(l.pid)
  FROM pg_locks l JOIN pg_database d ON d.oid = l.database JOIN sector s ON s.id = %(sector)s
 WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
   AND l.classid::bigint = hashtext('watchline.sector')::bigint & 4294967295
   AND l.objid::bigint = hashtext(s.id)::bigint & 4294967295
   AND s.owner_seen_at < clock_timestamp() - make_interval(secs => %(alive_s)s)

-- name: help
-- Held by the writer's other sessions, so that they can be ended with it.
SELECT pg_advisory_lock_shared(hashtext('watchline.sector.helper'), hashtext(%(sector)s))

-- name: end_helpers
-- Those of a writer whose own session has ended: a frozen one would keep the sector's row locked.
SELECT pg_terminate_backend(l.pid)
  FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
   AND l.classid::bigint = hashtext('watchline.sector.helper')::bigint & 4294967295
   AND l.objid::bigint = hashtext(%(sector)s)::bigint & 4294967295

-- name: take
-- A new writer: whatever an older one still has in flight is fenced off by the epoch.
UPDATE sector SET epoch = epoch + 1, rev = rev + 1, owner_url = %(url)s, owner_token = %(token)s,
       owner_seen_at = clock_timestamp(), owner_since = clock_timestamp()
 WHERE id = %(sector)s
RETURNING epoch, rev, ST_X(origin), ST_Y(origin), ST_AsBinary(geom),
          (extract(epoch FROM clock_timestamp()) * 1e6)::bigint

-- name: fence
-- The heart of every commit: no row means that somebody else has changed the sector.
UPDATE sector SET rev = rev + 1, owner_seen_at = clock_timestamp()
 WHERE id = %(sector)s AND epoch = %(epoch)s AND rev = %(rev)s
RETURNING rev

-- name: seen
UPDATE sector SET owner_seen_at = clock_timestamp() WHERE id = %(sector)s AND epoch = %(epoch)s
RETURNING (extract(epoch FROM clock_timestamp()) * 1e6)::bigint

-- name: database_us
SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint

-- name: position
SELECT epoch, rev FROM sector WHERE id = %(sector)s

-- name: lock
-- People wait until this transaction ends: who came too late once shall not come too late for ever.
SELECT epoch, rev FROM sector WHERE id = %(sector)s FOR NO KEY UPDATE

-- name: bump
-- A write beside the pipeline's step, in the writer's own epoch: the pipeline will re-read and rerun it.
UPDATE sector SET rev = rev + 1 WHERE id = %(sector)s AND epoch = %(epoch)s RETURNING rev

-- name: load_state
SELECT tracker, rules FROM sector_state WHERE sector_id = %(sector)s

-- name: save_state
INSERT INTO sector_state (sector_id, rev, clock_us, tracker, rules)
VALUES (%(sector)s, %(rev)s, %(clock_us)s, %(tracker)b, %(rules)b)
ON CONFLICT (sector_id) DO UPDATE SET rev = excluded.rev, clock_us = excluded.clock_us,
    tracker = excluded.tracker, rules = excluded.rules

-- name: hint
-- Only a hint: every reader polls once a second beside it.
SELECT pg_notify('watchline_sector', %(sector)s)

-- name: edges
SELECT id, public_key, last_seen_at FROM edge WHERE sector_id = %(sector)s AND enabled ORDER BY id

-- name: sensors
SELECT no, id, edge_id FROM sensor WHERE sector_id = %(sector)s

-- name: upsert_sensor
INSERT INTO sensor (id, edge_id, sector_id, site_id, name, kind, geom, info, info_at, rev)
VALUES (%(id)s, %(edge)s, %(sector)s, (SELECT id FROM site WHERE id = %(site)s AND sector_id = %(sector)s),
        %(name)s, %(kind)s,
        ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s, %(height)s), 4326), %(info)s,
        to_timestamp(%(at_us)s / 1e6), %(rev)s)
ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, name = excluded.name,
    kind = excluded.kind, geom = excluded.geom, info = excluded.info, info_at = excluded.info_at,
    rev = excluded.rev
 WHERE sensor.edge_id = excluded.edge_id AND sensor.info_at <= excluded.info_at
RETURNING no

-- name: upsert_health
INSERT INTO sensor_health (sensor_id, at, known_at, state, code, counters)
VALUES (%(sensor)s, to_timestamp(%(at_us)s / 1e6), to_timestamp(%(known_us)s / 1e6), %(state)s,
        %(code)s, %(counters)s)
ON CONFLICT (sensor_id) DO UPDATE SET at = excluded.at, known_at = excluded.known_at,
    state = excluded.state, code = excluded.code, counters = excluded.counters
 WHERE sensor_health.at <= excluded.at

-- name: edge_seen
UPDATE edge SET last_seen_at = to_timestamp(%(known_us)s / 1e6), skew_ms = %(skew_ms)s
 WHERE id = %(edge)s
