-- name: live_ids
SELECT id FROM track WHERE sector_id = %(sector)s AND known_to IS NULL AND NOT historical AND status <> 'ended'

-- name: insert
INSERT INTO track (id, known_at, sector_id, no, historical, status, first_at, last_at, geom, var_east_m2,
    cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits, path)
VALUES (%(id)s, to_timestamp(%(known_us)s / 1e6), %(sector)s, %(no)s, %(historical)s, %(status)s,
    to_timestamp(%(first_us)s / 1e6), to_timestamp(%(last_us)s / 1e6),
    ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(var_east)s, %(cov)s, %(var_north)s, %(east)s,
    %(north)s, %(classes)s, %(sensors)s, %(hits)s, ST_GeomFromWKB(%(path)s, 4326))
ON CONFLICT (id, known_at) DO NOTHING

-- name: update
UPDATE track SET status = v.status, last_at = to_timestamp(v.last_us / 1e6),
       geom = ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326), var_east_m2 = v.var_east, cov_m2 = v.cov,
       var_north_m2 = v.var_north, east_mps = v.east, north_mps = v.north, hits = v.hits,
       classes = ARRAY[v.c0, v.c1, v.c2, v.c3, v.c4]::real[],
       sensors = string_to_array(v.sensors, E'\n')
  FROM unnest(%(id)s::uuid[], %(status)s::text[], %(last_us)s::bigint[], %(lon)s::float8[], %(lat)s::float8[],
              %(var_east)s::float8[], %(cov)s::float8[], %(var_north)s::float8[], %(east)s::float8[],
              %(north)s::float8[], %(hits)s::int[], %(c0)s::float8[], %(c1)s::float8[], %(c2)s::float8[],
              %(c3)s::float8[], %(c4)s::float8[], %(sensors)s::text[])
       AS v (id, status, last_us, lon, lat, var_east, cov, var_north, east, north, hits, c0, c1, c2, c3, c4, sensors)
 WHERE track.id = v.id AND track.known_to IS NULL AND NOT track.historical
   AND EXISTS (SELECT FROM sector WHERE id = %(sector)s AND epoch = %(epoch)s)

-- name: beside
-- Behind `update`, beside a commit: it waits for no row that the commit has in hand, and leaves
-- what the commit has written since.
   AND track.last_at <= to_timestamp(v.last_us / 1e6) AND track.status <> 'ended'
   AND track.ctid = ANY(ARRAY(
       SELECT ctid FROM track WHERE id = ANY(%(id)s::uuid[]) AND known_to IS NULL AND NOT historical
          FOR UPDATE SKIP LOCKED))

-- name: without_flush
SET LOCAL synchronous_commit = off

-- name: close_version
UPDATE track SET known_to = to_timestamp(%(known_us)s / 1e6)
 WHERE id = %(id)s AND known_to IS NULL AND (historical OR status = 'ended')

-- name: numbers_of
SELECT DISTINCT id, no FROM track WHERE id = ANY(%(ids)s)

-- name: lowest_no
SELECT least(coalesce(min(no), 0), 0) FROM track WHERE sector_id = %(sector)s
