-- Our own units say where they are, so that they raise no alarms.
SET search_path = watchline, public;

CREATE TABLE unit (
    id              text NOT NULL,
    sector_id       text NOT NULL REFERENCES sector,
    at              timestamptz NOT NULL,
    known_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    geom            geometry(Point, 4326) NOT NULL,
    sigma_m         real NOT NULL CHECK (sigma_m > 0),
    east_mps        real NOT NULL DEFAULT 0,
    north_mps       real NOT NULL DEFAULT 0,
    PRIMARY KEY (sector_id, id)
);
COMMENT ON TABLE unit IS 'Where each of our own units was last: the newest report alone, for staff are watched no more than needed.';
COMMENT ON COLUMN unit.sigma_m IS 'of the position, on each axis';

GRANT SELECT, INSERT, UPDATE ON unit TO watchline_app;
GRANT SELECT, DELETE ON unit TO watchline_ingest;
