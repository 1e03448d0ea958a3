-- name: export
-- What pg_dump and the fingerprints see alike, whatever is written meanwhile.
SELECT pg_export_snapshot()

-- name: hold
-- Until pg_dump has its own locks, retention must not drop a day of this snapshot.
LOCK TABLE watchline.detection IN ACCESS SHARE MODE

-- name: tables
-- Partitions count as tables, their parent holds no rows itself.
SELECT c.relname, pg_table_size(c.oid) FROM pg_class c
 WHERE c.relnamespace = 'watchline'::regnamespace AND c.relkind = 'r' ORDER BY c.relname

-- name: fingerprint
-- The same for the same rows in any order: their number, and the sum of their hashes.
SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM watchline.{table} t

-- name: revision
SELECT version_num FROM watchline.alembic_version

-- name: sessions
-- Roles' names are there for everybody, what a session is doing is not.
SELECT DISTINCT usename FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND usename IN ('watchline_app', 'watchline_ingest')

-- name: missing_roles
SELECT r FROM unnest(%(roles)s::text[]) r WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)

-- name: has_postgis
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')

-- name: end_sessions
-- A login that was ended after the backup would hold again.
DELETE FROM watchline.user_session

-- name: raise_epochs
-- Commits after the backup had epochs that are given out anew: those who saw them must not take
-- the new ones for old. Seconds since 1970 are past any count of take-overs.
UPDATE watchline.sector SET owner_url = NULL, owner_token = NULL,
       epoch = greatest(epoch, extract(epoch FROM clock_timestamp())::bigint)
