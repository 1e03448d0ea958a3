-- A live track's row is rewritten once a second. While last_at is indexed, each time makes a new
-- entry in every index of the table; without, PostgreSQL 15 updates the row in its page (HOT).
SET search_path = watchline, public;

DROP INDEX track_last_at;
CREATE INDEX track_known_at ON track USING brin (known_at);
