-- What people see of incidents.

-- name: select_views
-- Names of rules and geofences as they were; numbers of tracks as they are.
SELECT i.id, i.no, i.rev, i.sector_id AS sector, i.opened_at, i.known_at, i.last_at, i.status,
       i.condition, i.severity, i.life_at_risk, i.historical,
       i.rule_id, i.rule_version, r.name AS rule_name, r.kind AS rule_kind,
       i.geofence_id, i.geofence_version, g.name AS geofence_name, g.kind AS geofence_kind,
       ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.findings, i.disposition,
       i.source, i.title, i.alarm_at, i.due_at, i.overdue, i.snoozed_until, i.snooze_reason, i.patrol,
       i.acknowledged_at, a.name AS acknowledged_by, i.resolved_at, c.name AS resolved_by,
       CASE WHEN m.id IS NOT NULL THEN jsonb_build_object('id', m.id, 'no', m.no) END AS merged_into,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'no', l.no) ORDER BY l.no), '[]')
          FROM incident l WHERE l.id = ANY(i.links)) AS links,
       i.track_ids,
       (SELECT array_agg(n.no ORDER BY u.place) FROM unnest(i.track_ids) WITH ORDINALITY AS u(id, place)
        LEFT JOIN LATERAL (SELECT t.no FROM track t WHERE t.id = u.id
                           ORDER BY t.known_at DESC LIMIT 1) n ON true) AS track_nos
FROM incident i
LEFT JOIN rule r ON r.id = i.rule_id AND r.version = i.rule_version
LEFT JOIN geofence g ON g.id = i.geofence_id AND g.version = i.geofence_version
LEFT JOIN incident m ON m.id = i.merged_into
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

-- name: events
SELECT e.no, e.at, e.known_at, e.kind, coalesce(u.name, e.actor) AS actor, e.detail
FROM incident_event e LEFT JOIN user_account u ON u.id::text = e.actor
WHERE e.incident_id = %(id)s ORDER BY e.no

-- name: evidence
SELECT f.id, f.rule_id AS rule, f.geofence_id AS geofence, f.track_id AS track, f.kind, f.at,
       ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.evidence
FROM finding f WHERE f.incident_id = %(id)s ORDER BY f.at, f.id
