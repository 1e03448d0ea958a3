-- What plain set-based SQL says of the same history, uncertainty left out: the second opinion beside
-- the engine. Both read (track, n, at_us, geom) from `plot`, n counting each track's plots, and
-- (id, kind, geom) from `fence`, with coordinates in one plane.

-- name: areas
-- Who is on another side of an area's edge than at the plot before; nobody is inside before the first.
SELECT track, fence, n, at_us, inside FROM (
    SELECT p.track, f.id AS fence, p.n, p.at_us, ST_Contains(f.geom, p.geom) AS inside,
           lag(ST_Contains(f.geom, p.geom), 1, false) OVER (PARTITION BY p.track, f.id ORDER BY p.n) AS before
      FROM plot p CROSS JOIN fence f WHERE f.kind = 'area') side
 WHERE inside <> before

-- name: lines
-- Steps that cut a line an odd number of times, the direction of most cuts, and the segment of the
-- last cut in it. A cut leads to the right when the step turns right of the segment.
WITH step AS (
    SELECT track, n, at_us, ST_MakeLine(lag(geom) OVER earlier, geom) AS way
      FROM plot WINDOW earlier AS (PARTITION BY track ORDER BY n)
), cut AS (
    SELECT s.track, f.id AS fence, s.n, s.at_us, d.path[1] - 1 AS segment,
           ST_LineLocatePoint(s.way, ST_Intersection(s.way, d.geom)) AS share,
           (ST_X(ST_EndPoint(d.geom)) - ST_X(ST_StartPoint(d.geom)))
             * (ST_Y(ST_EndPoint(s.way)) - ST_Y(ST_StartPoint(s.way)))
         < (ST_Y(ST_EndPoint(d.geom)) - ST_Y(ST_StartPoint(d.geom)))
             * (ST_X(ST_EndPoint(s.way)) - ST_X(ST_StartPoint(s.way))) AS to_right
      FROM step s CROSS JOIN fence f CROSS JOIN LATERAL ST_DumpSegments(f.geom) d
     WHERE f.kind = 'line' AND ST_Intersects(s.way, f.geom) AND ST_Intersects(s.way, d.geom)
), crossing AS (
    SELECT track, fence, n, at_us, sum(CASE WHEN to_right THEN 1 ELSE -1 END) > 0 AS to_right
      FROM cut GROUP BY track, fence, n, at_us HAVING count(*) % 2 = 1
)
SELECT DISTINCT ON (track, fence, n) track, fence, n, at_us, to_right, segment
  FROM crossing JOIN cut USING (track, fence, n, at_us, to_right)
 ORDER BY track, fence, n, share DESC

-- name: stays
-- How long who has come into an area stays there, up to the plot that is outside again or the last.
WITH side AS (
    SELECT p.track, f.id AS fence, p.n, p.at_us, ST_Contains(f.geom, p.geom) AS inside
      FROM plot p CROSS JOIN fence f WHERE f.kind = 'area'
), run AS (
    SELECT *, n - row_number() OVER (PARTITION BY track, fence, inside ORDER BY n) AS island,
           lead(at_us, 1, at_us) OVER (PARTITION BY track, fence ORDER BY n) AS next_us
      FROM side
)
SELECT track, fence, min(at_us) AS from_us, max(next_us) AS to_us
  FROM run WHERE inside GROUP BY track, fence, island
