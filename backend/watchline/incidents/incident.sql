-- An incident's row as the fold of its events makes it; times in µs since 1970 UTC.

-- name: select
SELECT id, no, events, source, title, rule_id, rule_version, geofence_id, geofence_version, severity,
       life_at_risk, historical, (extract(epoch FROM opened_at) * 1e6)::bigint AS opened_us,
       (extract(epoch FROM last_at) * 1e6)::bigint AS last_us, ST_X(geom) AS lon, ST_Y(geom) AS lat,
       status, condition, triggers, track_ids, marks, findings,
       (extract(epoch FROM alarm_at) * 1e6)::bigint AS alarm_us,
       (extract(epoch FROM due_at) * 1e6)::bigint AS due_us, overdue,
       (extract(epoch FROM snoozed_until) * 1e6)::bigint AS snoozed_until_us, snooze_reason, patrol,
       (extract(epoch FROM acknowledged_at) * 1e6)::bigint AS acknowledged_us, acknowledged_by::text,
       (extract(epoch FROM resolved_at) * 1e6)::bigint AS resolved_us, resolved_by::text,
       disposition, merged_into, links
  FROM incident

-- name: where_open
 WHERE sector_id = %(sector)s AND status <> 'resolved' ORDER BY no

-- name: where_open_historical
 WHERE sector_id = %(sector)s AND status <> 'resolved' AND historical ORDER BY no

-- name: where_ids
-- The caller holds the sector's row; by id, as everywhere.
 WHERE sector_id = %(sector)s AND id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE

-- name: put
INSERT INTO incident (id, sector_id, rev, known_at, no, events, source, title, rule_id, rule_version,
    geofence_id, geofence_version, severity, life_at_risk, historical, opened_at, last_at, geom, status,
    condition, triggers, track_ids, marks, findings, alarm_at, due_at, overdue, snoozed_until,
    snooze_reason, patrol, acknowledged_at, acknowledged_by, resolved_at, resolved_by, disposition,
    merged_into, links)
VALUES (%(id)s, %(sector)s, %(rev)s, to_timestamp(%(known_us)s / 1e6), %(no)s, %(events)s, %(source)s,
    %(title)s, %(rule_id)s, %(rule_version)s, %(geofence_id)s, %(geofence_version)s, %(severity)s,
    %(life_at_risk)s, %(historical)s, to_timestamp(%(opened_us)s / 1e6), to_timestamp(%(last_us)s / 1e6),
    ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(status)s, %(condition)s, %(triggers)s,
    %(track_ids)s::uuid[], %(marks)s, %(findings)s, to_timestamp(%(alarm_us)s / 1e6),
    to_timestamp(%(due_us)s / 1e6), %(overdue)s, to_timestamp(%(snoozed_until_us)s / 1e6),
    %(snooze_reason)s, %(patrol)s, to_timestamp(%(acknowledged_us)s / 1e6), %(acknowledged_by)s::uuid,
    to_timestamp(%(resolved_us)s / 1e6), %(resolved_by)s::uuid, %(disposition)s, %(merged_into)s::uuid,
    %(links)s::uuid[])
ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, events = excluded.events, severity = excluded.severity,
    life_at_risk = excluded.life_at_risk, opened_at = excluded.opened_at, last_at = excluded.last_at,
    geom = excluded.geom, status = excluded.status, condition = excluded.condition,
    triggers = excluded.triggers, track_ids = excluded.track_ids, marks = excluded.marks,
    findings = excluded.findings, alarm_at = excluded.alarm_at, due_at = excluded.due_at,
    overdue = excluded.overdue, snoozed_until = excluded.snoozed_until,
    snooze_reason = excluded.snooze_reason, patrol = excluded.patrol,
    acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
    resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by,
    disposition = excluded.disposition, merged_into = excluded.merged_into, links = excluded.links

-- name: event
INSERT INTO incident_event (incident_id, no, at, known_at, kind, actor, detail)
VALUES (%(id)s, %(no)s, to_timestamp(%(at_us)s / 1e6), to_timestamp(%(known_us)s / 1e6), %(kind)s,
        %(actor)s, %(detail)s)

-- name: last_no
SELECT coalesce(max(no), 0) AS no FROM incident WHERE sector_id = %(sector)s

-- name: history
-- The truth of one incident.
SELECT kind, (extract(epoch FROM at) * 1e6)::bigint AS at_us, actor, detail
  FROM incident_event WHERE incident_id = %(id)s ORDER BY no
