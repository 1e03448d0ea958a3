-- What people see of incidents, and what they do to them.

-- name: select_views
-- Names of rules and geofences as they were; numbers of tracks as they are.
SELECT i.id, i.no, i.rev, i.sector_id AS sector, i.opened_at, i.known_at, i.last_at, i.status,
       i.condition, i.severity, i.life_at_risk, i.historical,
       i.rule_id, i.rule_version, r.name AS rule_name, r.kind AS rule_kind,
       i.geofence_id, i.geofence_version, g.name AS geofence_name, g.kind AS geofence_kind,
       ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.findings, i.disposition,
       i.acknowledged_at, a.name AS acknowledged_by, i.resolved_at, c.name AS resolved_by,
       i.track_ids,
       (SELECT array_agg(n.no ORDER BY u.place) FROM unnest(i.track_ids) WITH ORDINALITY AS u(id, place)
        LEFT JOIN LATERAL (SELECT t.no FROM track t WHERE t.id = u.id
                           ORDER BY t.known_at DESC LIMIT 1) n ON true) AS track_nos
FROM incident i
LEFT JOIN rule r ON r.id = i.rule_id AND r.version = i.rule_version
LEFT JOIN geofence g ON g.id = i.geofence_id AND g.version = i.geofence_version
LEFT JOIN user_account a ON a.id = i.acknowledged_by
LEFT JOIN user_account c ON c.id = i.resolved_by

-- name: where_sector
-- The most pressing first: life at risk, then severity, then the newest.
WHERE i.sector_id = %(sector)s AND i.status = ANY(%(statuses)s::text[])
ORDER BY i.life_at_risk DESC,
         array_position(ARRAY['very_high', 'high', 'medium', 'low'], i.severity),
         i.opened_at DESC, i.no DESC
LIMIT %(limit)s

-- name: where_recent
WHERE i.sector_id = %(sector)s AND i.status = ANY(%(statuses)s::text[])
ORDER BY i.opened_at DESC, i.no DESC
LIMIT %(limit)s

-- name: where_id
WHERE i.id = %(id)s

-- name: where_changed
WHERE i.sector_id = %(sector)s AND i.rev > %(after)s ORDER BY i.rev

-- name: sector_of
SELECT sector_id FROM incident WHERE id = %(id)s

-- name: lock
SELECT status FROM incident WHERE id = %(id)s FOR UPDATE

-- name: event
INSERT INTO incident_event (incident_id, no, at, known_at, kind, actor, detail)
SELECT %(id)s, coalesce(max(no), 0) + 1, %(now)s, %(now)s, %(kind)s, %(actor)s, %(detail)s
FROM incident_event WHERE incident_id = %(id)s

-- name: acknowledge
UPDATE incident SET rev = %(rev)s, status = %(status)s, acknowledged_at = %(now)s,
                    acknowledged_by = %(actor)s::uuid
WHERE id = %(id)s

-- name: resolve
UPDATE incident SET rev = %(rev)s, status = %(status)s, disposition = %(disposition)s,
                    resolved_at = %(now)s, resolved_by = %(actor)s::uuid
WHERE id = %(id)s

-- name: reopen
-- Somebody has it in hand now, even if it was resolved before anybody had acknowledged it.
UPDATE incident SET rev = %(rev)s, status = %(status)s, disposition = NULL,
                    resolved_at = NULL, resolved_by = NULL,
                    acknowledged_at = coalesce(acknowledged_at, %(now)s),
                    acknowledged_by = coalesce(acknowledged_by, %(actor)s::uuid)
WHERE id = %(id)s

-- name: events
SELECT e.no, e.at, e.known_at, e.kind, coalesce(u.name, e.actor) AS actor, e.detail
FROM incident_event e LEFT JOIN user_account u ON u.id::text = e.actor
WHERE e.incident_id = %(id)s ORDER BY e.no

-- name: evidence
SELECT f.id, f.rule_id AS rule, f.geofence_id AS geofence, f.track_id AS track, f.kind, f.at,
       ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.evidence
FROM finding f WHERE f.incident_id = %(id)s ORDER BY f.at, f.id
