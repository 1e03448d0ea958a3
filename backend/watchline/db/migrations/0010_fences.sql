-- What geofences are for, how they were drawn, and when they are in force; the official border line.
SET search_path = watchline, public;

ALTER TABLE geofence
    ADD COLUMN purpose text NOT NULL DEFAULT 'alarm'
        CHECK (purpose IN ('alarm', 'detection_limit', 'exclusion', 'no_look', 'coverage')),
    ADD COLUMN drawn jsonb,
    ADD COLUMN schedule jsonb;
CREATE INDEX geofence_in_force ON geofence (sector_id) WHERE valid_to IS NULL;
CREATE INDEX rule_in_force ON rule (sector_id, geofence_id) WHERE valid_to IS NULL;

CREATE TABLE geofence_pause (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    geofence_id     text NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('disarmed', 'maintenance')),
    from_at         timestamptz NOT NULL,
    until_at        timestamptz NOT NULL,
    rev             bigint NOT NULL,
    CHECK (from_at <= until_at)
);
CREATE INDEX geofence_pause_of ON geofence_pause (sector_id, geofence_id, until_at);

CREATE TABLE border_line (
    sector_id       text PRIMARY KEY REFERENCES sector,
    name            text NOT NULL,
    geom            geometry(LineStringM, 4326) NOT NULL,
    pillars         jsonb NOT NULL
);

COMMENT ON COLUMN geofence.purpose IS 'only an alarm geofence carries rules; plots in an exclusion or beyond the detection limits raise nothing';
COMMENT ON COLUMN geofence.drawn IS 'of a circle or corridor: what its outline was made of';
COMMENT ON COLUMN geofence.schedule IS 'when it is in force; null: always';
COMMENT ON TABLE geofence_pause IS 'When a geofence is disarmed or under maintenance. It returns by itself; who arms it earlier moves `until_at`.';
COMMENT ON TABLE border_line IS 'The official border line of a sector, for places by chainage and pillar.';
COMMENT ON COLUMN border_line.geom IS 'M is the chainage in metres';
COMMENT ON COLUMN border_line.pillars IS 'by chainage: number, chainage_m, lon, lat';

GRANT SELECT, INSERT, UPDATE, DELETE ON geofence_pause, border_line TO watchline_ingest, watchline_app;
