-- name: session
-- A session holds until its end, and as long as it is used and its user is not closed.
SELECT u.id, u.name, u.must_change, s.seen_at < now() - interval '1 minute' AS seen_long_ago
FROM user_session s JOIN user_account u ON u.id = s.user_id
WHERE s.token_hash = %(token_hash)s AND s.expires_at > now()
  AND s.seen_at > now() - %(idle)s::interval AND NOT u.disabled

-- name: seen
UPDATE user_session SET seen_at = now() WHERE token_hash = ANY(%(token_hashes)s::bytea[])

-- name: still_valid
SELECT s.token_hash FROM user_session s JOIN user_account u ON u.id = s.user_id
WHERE s.token_hash = ANY(%(token_hashes)s::bytea[]) AND s.expires_at > now() AND NOT u.disabled
  AND NOT u.must_change

-- name: remove_stale_sessions
DELETE FROM user_session WHERE expires_at < now() OR seen_at < now() - %(idle)s::interval

-- name: note_attempt
INSERT INTO login_failure (name, source) VALUES (%(name)s, %(source)s)

-- name: count_attempts
SELECT count(*) FILTER (WHERE name = %(name)s) AS by_name,
       count(*) FILTER (WHERE source = %(source)s) AS by_source,
       extract(epoch FROM min(at) + %(window)s::interval - now())::float8 AS retry_after_s
FROM login_failure
WHERE at > now() - %(window)s::interval AND (name = %(name)s OR source = %(source)s)

-- name: forget_attempts
DELETE FROM login_failure WHERE name = %(name)s AND source = %(source)s

-- name: remove_old_attempts
DELETE FROM login_failure WHERE at < now() - %(window)s::interval
