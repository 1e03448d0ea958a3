-- Findings that are kept and not raised, and back-tests of rules.
SET search_path = watchline, public;

CREATE TABLE suppressed_finding (
    id              uuid PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    rule_id         text NOT NULL,
    rule_version    integer NOT NULL,
    geofence_id     text NOT NULL,
    geofence_version integer NOT NULL,
    track_id        uuid NOT NULL,
    track_no        bigint NOT NULL,
    kind            text NOT NULL,
    at              timestamptz NOT NULL,
    known_at        timestamptz NOT NULL,
    geom            geometry(Point, 4326) NOT NULL,
    reason          text NOT NULL,
    evidence        jsonb NOT NULL
);
CREATE INDEX suppressed_finding_at ON suppressed_finding (sector_id, at);
COMMENT ON TABLE suppressed_finding IS 'A rule held, and nobody was told: for people to look through.';
COMMENT ON COLUMN suppressed_finding.reason IS 'friendly: the track is one of our own units';

CREATE TABLE backtest (
    id              uuid PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    rule_id         text NOT NULL,
    draft           jsonb NOT NULL,
    days            integer NOT NULL,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    asked_by        text NOT NULL,
    status          text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
    progress        real NOT NULL DEFAULT 0,
    touched_at      timestamptz,
    result          jsonb,
    code            text
);
CREATE INDEX backtest_waiting ON backtest (asked_at) WHERE status IN ('queued', 'running');
COMMENT ON TABLE backtest IS 'A draft of a rule run over what is stored of the last days: a job for a worker.';
COMMENT ON COLUMN backtest.draft IS 'kind, severity and params that the rule would have';
COMMENT ON COLUMN backtest.progress IS 'share of the time that is done';
COMMENT ON COLUMN backtest.touched_at IS 'the last sign of life of who runs it; without one another takes it over';
COMMENT ON COLUMN backtest.code IS 'why it failed';

GRANT SELECT, INSERT ON suppressed_finding TO watchline_ingest;
GRANT SELECT ON suppressed_finding TO watchline_app;
GRANT SELECT, UPDATE ON backtest TO watchline_ingest;
GRANT SELECT, INSERT ON backtest TO watchline_app;
