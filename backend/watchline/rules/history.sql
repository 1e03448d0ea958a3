-- name: detections_of
-- The sightings that fed a live track, as `detections_between` has them. known_at shuts other
-- days' partitions out: a live sighting is known within an hour of its stamp.
SELECT (extract(epoch FROM d.at) * 1e6)::bigint, s.no, d.edge_id, d.boot, d.seq, ST_X(d.geom), ST_Y(d.geom),
       d.var_east_m2, d.cov_m2, d.var_north_m2, d.east_mps, d.north_mps, d.speed_sigma_mps,
       d.bearing_deg, d.bearing_sigma_deg, d.range_m, d.range_sigma_m, d.classes, d.track_id
  FROM detection d JOIN sensor s ON s.id = d.sensor_id
 WHERE d.sector_id = %(sector)s AND d.track_id = %(track)s
   AND d.at BETWEEN %(first)s AND %(last)s
   AND d.known_at BETWEEN %(first)s::timestamptz - interval '1 hour' AND %(last)s::timestamptz + interval '1 hour'
 ORDER BY d.at, d.edge_id, d.boot, d.seq LIMIT %(limit)s

-- name: track
-- The live version of a track, by its number.
SELECT id, first_at, last_at FROM track
 WHERE sector_id = %(sector)s AND no = %(no)s AND NOT historical ORDER BY last_at DESC LIMIT 1

-- name: sector_of
SELECT r.sector_id, ST_X(s.origin), ST_Y(s.origin), s.time_zone
  FROM rule r JOIN sector s ON s.id = r.sector_id WHERE r.id = %(rule)s LIMIT 1
