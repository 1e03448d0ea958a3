-- name: sector
SELECT FROM sector WHERE id = %(sector)s

-- name: plots
-- What radars saw of tracks that were confirmed: tentative ones have no row in `track`. Of a
-- covariance the longer axis is told. known_at shuts other days' partitions out: what fed a track
-- was known within an hour of its stamp.
SELECT d.at, d.track_id, ST_X(d.geom), ST_Y(d.geom),
       sqrt((d.var_east_m2::float8 + d.var_north_m2) / 2
            + sqrt(((d.var_east_m2::float8 - d.var_north_m2) / 2) ^ 2 + d.cov_m2::float8 ^ 2))
  FROM detection d JOIN sensor s ON s.id = d.sensor_id
 WHERE d.sector_id = %(sector)s AND s.kind = 'radar' AND d.geom IS NOT NULL
   AND d.at >= %(from_at)s AND d.at < %(until_at)s
   AND d.known_at BETWEEN %(from_at)s::timestamptz - interval '1 hour'
                      AND %(until_at)s::timestamptz + interval '1 hour'
   AND EXISTS (SELECT FROM track t WHERE t.id = d.track_id AND t.status <> 'tentative')
 ORDER BY d.at, d.edge_id, d.boot, d.seq
