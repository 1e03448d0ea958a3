-- name: lock
-- Its own statement: the one after it then sees the link that a rival has just committed.
SELECT pg_advisory_xact_lock(hashtextextended('watchline audit ' || %(chain)s, 0))

-- name: append
WITH last AS (
    SELECT no, hash FROM audit_event WHERE chain = %(chain)s ORDER BY no DESC LIMIT 1
), next AS (
    SELECT coalesce((SELECT no FROM last), 0) + 1 AS no,
           coalesce((SELECT hash FROM last), decode(repeat('00', 32), 'hex')) AS prev_hash,
           coalesce(%(at)s::timestamptz, clock_timestamp()) AS at,
           %(detail)s::jsonb AS detail
)
INSERT INTO audit_event (chain, no, at, actor, op, object, detail, prev_hash, hash)
SELECT %(chain)s, no, at, %(actor)s, %(op)s, %(object)s, detail, prev_hash,
       sha256(prev_hash || convert_to(
           jsonb_build_array(%(chain)s::text, no, (extract(epoch FROM at) * 1000000)::bigint,
                             %(actor)s::text, %(op)s::text, %(object)s::text, detail)::text,
           'UTF8'))
FROM next
RETURNING no

-- name: chains
SELECT DISTINCT chain FROM audit_event ORDER BY chain

-- name: links
SELECT no, prev_hash, hash,
       jsonb_build_array(chain, no, (extract(epoch FROM at) * 1000000)::bigint,
                         actor, op, object, detail)::text AS body
FROM audit_event WHERE chain = %(chain)s AND no > %(after)s ORDER BY no LIMIT %(limit)s
