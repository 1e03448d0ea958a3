-- name: judged
-- What became of the alarms that rules have raised, the newest first; hours are the sector's own.
SELECT i.id, i.no, i.status, i.disposition, i.life_at_risk, i.rule_id AS rule, r.name AS rule_name,
       i.geofence_id AS geofence, g.name AS geofence_name,
       extract(hour FROM i.opened_at AT TIME ZONE s.time_zone)::int AS hour,
       f.sensors, f.hits, t.classes
  FROM incident i
  JOIN sector s ON s.id = i.sector_id
  LEFT JOIN rule r ON r.id = i.rule_id AND r.version = i.rule_version
  LEFT JOIN geofence g ON g.id = i.geofence_id AND g.version = i.geofence_version
  CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(DISTINCT n.name) FILTER (WHERE n.name IS NOT NULL), '{}') AS sensors,
              max((f.evidence ->> 'hits')::int) AS hits
         FROM finding f
         LEFT JOIN LATERAL jsonb_array_elements_text(f.evidence -> 'sensors') AS e(no) ON true
         LEFT JOIN sensor n ON n.no = e.no::int
        WHERE f.incident_id = i.id) f
  LEFT JOIN LATERAL (
       SELECT t.classes FROM track t WHERE t.id = ANY(i.track_ids) ORDER BY t.known_at DESC LIMIT 1) t ON true
 WHERE i.sector_id = %(sector)s AND i.source = 'rule' AND i.merged_into IS NULL
   AND i.opened_at >= clock_timestamp() - make_interval(days => %(days)s)
 ORDER BY i.opened_at DESC LIMIT %(limit)s
