-- incident <- rule version <- track <- detections <- sensor pose.

-- name: findings
SELECT f.id, f.kind, f.at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.track_id AS track,
       (SELECT t.no FROM track t WHERE t.id = f.track_id ORDER BY t.known_at DESC LIMIT 1) AS track_no,
       jsonb_build_object('id', f.rule_id, 'version', f.rule_version, 'name', r.name, 'kind', r.kind,
                          'severity', r.severity, 'params', r.params) AS rule,
       CASE WHEN f.geofence_id IS NOT NULL THEN
            jsonb_build_object('id', f.geofence_id, 'version', f.geofence_version, 'name', g.name,
                               'kind', g.kind, 'geom', ST_AsGeoJSON(g.geom, 6)::jsonb) END AS geofence,
       f.evidence
  FROM finding f
  LEFT JOIN rule r ON r.id = f.rule_id AND r.version = f.rule_version
  LEFT JOIN geofence g ON g.id = f.geofence_id AND g.version = f.geofence_version
 WHERE f.incident_id = %(id)s ORDER BY f.at, f.id

-- name: sensors
-- Detections that fed the tracks up to their last finding (a crossing is sure only at the first sight
-- beyond the line). Where none are stored, the sensors are those that the track itself names.
WITH story AS (
    SELECT f.track_id,
           max(greatest(f.at, to_timestamp((f.evidence #>> '{after,at_us}')::bigint / 1e6))) AS until,
           (SELECT min(t.first_at) FROM track t WHERE t.id = f.track_id) AS since
      FROM finding f WHERE f.incident_id = %(id)s GROUP BY f.track_id),
seen AS (
    SELECT d.track_id, d.sensor_id, count(*) AS detections, min(d.at) AS first_at, max(d.at) AS last_at
      FROM story s JOIN detection d
        ON d.track_id = s.track_id AND d.at BETWEEN s.since AND s.until
     GROUP BY d.track_id, d.sensor_id),
named AS (
    SELECT DISTINCT s.track_id, unnest(t.sensors) AS sensor_id
      FROM story s JOIN track t ON t.id = s.track_id
     WHERE NOT EXISTS (SELECT FROM seen WHERE seen.track_id = s.track_id)),
part AS (
    SELECT track_id, sensor_id, detections, first_at, last_at FROM seen
    UNION ALL SELECT track_id, sensor_id, NULL, NULL, NULL FROM named)
SELECT n.id, n.no, n.name, n.kind, array_agg(p.track_id ORDER BY p.track_id) AS tracks,
       sum(p.detections)::bigint AS detections, min(p.first_at) AS first_at, max(p.last_at) AS last_at,
       jsonb_build_object('lon', ST_X(n.geom), 'lat', ST_Y(n.geom), 'height_m', ST_Z(n.geom),
                          'north', n.info -> 'north', 'north_offset_deg', n.info -> 'north_offset_deg',
                          'field_of_view', n.info -> 'field_of_view') AS pose,
       n.info_at AS pose_at, coalesce(n.info_at > max(p.last_at), false) AS moved_since
  FROM part p JOIN sensor n ON n.id = p.sensor_id
 GROUP BY n.id ORDER BY min(p.first_at), n.no
