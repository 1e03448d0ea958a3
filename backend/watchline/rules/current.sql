-- name: current
SELECT id, version, kind, geofence_id, severity, params
  FROM rule WHERE sector_id = %(sector)s AND valid_to IS NULL AND geofence_id IS NOT NULL ORDER BY id
