-- name: tables
-- Partitions are left out: they are what their parent is.
SELECT c.oid, c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') AS what
  FROM pg_class c
 WHERE c.relnamespace = 'watchline'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND NOT c.relispartition AND c.relname <> 'alembic_version'
 ORDER BY c.relname

-- name: columns
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       coalesce(col_description(a.attrelid, a.attnum), '')
  FROM pg_attribute a
 WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

-- name: constraints
SELECT pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = %(table)s AND contype IN ('p', 'u', 'f', 'c')
 ORDER BY contype = 'p' DESC, contype, conname

-- name: indexes
-- Those that no constraint made.
SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX (\S+) ON (ONLY )?\S+ ', '\2 ')
  FROM pg_index i WHERE i.indrelid = %(table)s
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u'))
 ORDER BY 1

-- name: grants
SELECT r.rolname, string_agg(lower(a.privilege_type), ', ' ORDER BY a.privilege_type)
  FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE c.oid = %(table)s AND a.grantee <> c.relowner GROUP BY r.rolname ORDER BY r.rolname

-- name: functions
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       pg_get_function_result(p.oid), coalesce(obj_description(p.oid, 'pg_proc'), '')
  FROM pg_proc p WHERE p.pronamespace = 'watchline'::regnamespace ORDER BY 1
