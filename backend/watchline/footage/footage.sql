-- name: edge
-- Of an edge that is enrolled: its key, and whether a sensor is its own.
SELECT e.public_key, e.sector_id AS sector,
       EXISTS (SELECT FROM sensor s WHERE s.id = %(sensor)s AND s.edge_id = e.id) AS has_sensor
  FROM edge e WHERE e.id = %(edge)s AND e.enabled

-- name: sensor
SELECT id, sector_id AS sector, edge_id AS edge, kind FROM sensor WHERE id = %(sensor)s

-- name: incident_sector
SELECT sector_id FROM incident WHERE id = %(id)s

-- name: lock_sector
-- Before the rows that refer to its incidents: so do people and the pipeline.
SELECT FROM sector WHERE id = %(sector)s FOR NO KEY UPDATE

-- name: asked_lately
SELECT count(*) AS times,
       coalesce(extract(epoch FROM min(asked_at) - clock_timestamp()), 0)::float8 AS oldest_s
  FROM footage
 WHERE asked_by = %(user)s AND asked_at > clock_timestamp() - %(within)s::interval

-- name: ask
INSERT INTO footage (id, sector_id, sensor_id, edge_id, kind, from_at, until_at, incident_id, asked_by,
                     reason, expires_at)
VALUES (%(id)s, %(sector)s, %(sensor)s, %(edge)s, %(kind)s, %(from_at)s, %(until_at)s, %(incident)s,
        %(asked_by)s, %(reason)s, clock_timestamp() + %(keep)s::interval)
ON CONFLICT DO NOTHING
RETURNING id

-- name: select_views
SELECT f.id, f.sector_id AS sector, f.incident_id AS incident, f.sensor_id AS sensor, f.edge_id AS edge,
       f.kind, f.state, f.code, f.from_at AS "from", f.until_at AS until, u.name AS asked_by, f.reason,
       f.asked_at, f.expires_at, f.received_at, f.first_at, f.last_at, f.media_type,
       encode(f.sha256, 'hex') AS sha256, f.byte_count AS bytes, f.frames, f.outlines
  FROM footage f LEFT JOIN user_account u ON u.id = f.asked_by
 WHERE f.expires_at > clock_timestamp()

-- name: and_id
   AND f.id = %(id)s

-- name: and_incident
   AND f.incident_id = %(incident)s ORDER BY f.asked_at DESC, f.id DESC LIMIT %(limit)s

-- name: octets
-- Stored as it came, so that a part is read without the rest.
SELECT substring(octets FROM %(first)s::integer + 1 FOR %(count)s::integer) FROM footage_octets
 WHERE footage_id = %(id)s

-- name: wanted
SELECT id, sensor_id AS sensor, kind, (extract(epoch FROM from_at) * 1e6)::bigint AS from_us,
       (extract(epoch FROM until_at) * 1e6)::bigint AS until_us
  FROM footage
 WHERE edge_id = %(edge)s AND state = 'asked' AND expires_at > clock_timestamp()
 ORDER BY asked_at, id LIMIT %(limit)s

-- name: hold
SELECT kind, state, code, sha256, sector_id AS sector, expires_at > clock_timestamp() AS alive,
       (extract(epoch FROM from_at) * 1e6)::bigint AS from_us,
       (extract(epoch FROM until_at) * 1e6)::bigint AS until_us
  FROM footage WHERE id = %(id)s AND edge_id = %(edge)s FOR UPDATE

-- name: keep
UPDATE footage
   SET state = 'kept', media_type = %(media_type)s, sha256 = %(sha256)s, byte_count = %(bytes)s,
       frames = %(frames)s, first_at = to_timestamp(%(from_us)s / 1e6),
       last_at = to_timestamp(%(until_us)s / 1e6), outlines = %(outlines)s,
       received_at = clock_timestamp()
 WHERE id = %(id)s

-- name: keep_octets
INSERT INTO footage_octets (footage_id, octets) VALUES (%(id)s, %(octets)s)

-- name: miss
UPDATE footage SET state = 'absent', code = %(code)s, received_at = clock_timestamp() WHERE id = %(id)s

-- name: give_up
UPDATE footage SET state = 'absent', code = %(code)s
 WHERE state = 'asked' AND greatest(asked_at, until_at) < clock_timestamp() - %(patience)s::interval

-- name: changed
-- Per sector its rev, and which incidents of a rule's making changed after the rev seen before.
SELECT s.id AS sector, s.rev,
       ARRAY(SELECT i.id FROM incident i
              WHERE i.sector_id = s.id AND i.rev > coalesce((%(revs)s::jsonb ->> s.id)::bigint, -1)
                AND i.source = 'rule' AND i.last_at > clock_timestamp() - %(back)s::interval) AS incidents
  FROM sector s

-- name: sightings
-- Per incident and thermal camera the first finding whose track the camera saw about then, in any of
-- the track's versions: a rerun's may not know yet what the live one does. A track of reruns alone
-- feeds on detections that name another, so its own word counts. The bound on known_at shuts
-- the days out that cannot hold any.
SELECT DISTINCT ON (f.incident_id, n.id)
       f.incident_id AS incident, f.sector_id AS sector, n.id AS sensor, n.edge_id AS edge, f.at
  FROM finding f
  JOIN LATERAL (SELECT array_agg(DISTINCT one) AS sensors, bool_and(t.historical) AS historical
                  FROM track t, unnest(t.sensors) one WHERE t.id = f.track_id) t ON true
  JOIN sensor n ON n.id = ANY(t.sensors) AND n.kind = 'thermal' AND n.sector_id = f.sector_id
 WHERE f.incident_id = ANY(%(incidents)s::uuid[]) AND f.at > clock_timestamp() - %(back)s::interval
   AND (t.historical OR EXISTS (
        SELECT FROM detection d
         WHERE d.sensor_id = n.id AND d.track_id = f.track_id
           AND d.at BETWEEN f.at - %(near)s::interval AND f.at + %(near)s::interval
           AND d.known_at > now() - 2 * %(back)s::interval))
 ORDER BY f.incident_id, n.id, f.at

-- name: asked_by_machine
SELECT DISTINCT incident_id AS incident, sensor_id AS sensor FROM footage
 WHERE incident_id = ANY(%(incidents)s::uuid[]) AND asked_by IS NULL
