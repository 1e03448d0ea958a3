-- Pictures that an incident or a person has asked of an edge, kept until they expire.
SET search_path = watchline, public;

CREATE TABLE footage (
    id              uuid PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    sensor_id       text NOT NULL REFERENCES sensor,
    edge_id         text NOT NULL REFERENCES edge,
    kind            text NOT NULL CHECK (kind IN ('snapshot', 'clip')),
    from_at         timestamptz NOT NULL,
    until_at        timestamptz NOT NULL,
    incident_id     uuid REFERENCES incident,
    asked_by        uuid REFERENCES user_account,
    reason          text,
    asked_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    state           text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'kept', 'absent')),
    code            text,
    media_type      text,
    sha256          bytea CHECK (length(sha256) = 32),
    byte_count      integer,
    frames          integer,
    first_at        timestamptz,
    last_at         timestamptz,
    outlines        jsonb NOT NULL DEFAULT '[]',
    received_at     timestamptz,
    expires_at      timestamptz NOT NULL,
    CHECK (from_at <= until_at),
    CHECK ((asked_by IS NULL) = (reason IS NULL)),
    CHECK (asked_by IS NOT NULL OR incident_id IS NOT NULL),
    CHECK ((state = 'absent') = (code IS NOT NULL)),
    CHECK ((state = 'kept') = (sha256 IS NOT NULL))
);
-- The machine asks once for the same; people may ask again.
CREATE UNIQUE INDEX footage_by_machine ON footage (incident_id, sensor_id, kind) WHERE asked_by IS NULL;
CREATE INDEX footage_incident ON footage (incident_id, asked_at);
CREATE INDEX footage_wanted ON footage (edge_id) WHERE state = 'asked';
CREATE INDEX footage_asked_by ON footage (asked_by, asked_at) WHERE asked_by IS NOT NULL;
CREATE INDEX footage_expires ON footage (expires_at);

CREATE TABLE footage_octets (
    footage_id      uuid PRIMARY KEY REFERENCES footage ON DELETE CASCADE,
    octets          bytea NOT NULL
);
-- Pictures are compressed already, and a part of a clip is read without the rest.
ALTER TABLE footage_octets ALTER COLUMN octets SET STORAGE EXTERNAL;

COMMENT ON TABLE footage IS 'Pictures asked of cameras, and what came of it. They leave the edge for no other reason.';
COMMENT ON COLUMN footage.until_at IS 'of a snapshot the same as from_at';
COMMENT ON COLUMN footage.asked_by IS 'null: the incident itself asked';
COMMENT ON COLUMN footage.reason IS 'the justification of the person who asked';
COMMENT ON COLUMN footage.code IS 'why it is absent';
COMMENT ON COLUMN footage.sha256 IS 'of the octets, computed when they came in';
COMMENT ON COLUMN footage.first_at IS 'the first frame, by the clock of the frames';
COMMENT ON COLUMN footage.outlines IS 'tracklets in a snapshot: [{sensor_track, x0, y0, x1, y1}, …] as shares of its sides';
COMMENT ON COLUMN footage.expires_at IS 'shown until then, and deleted within the hour after';
COMMENT ON TABLE footage_octets IS 'The pictures themselves: written once, never changed.';

GRANT SELECT, INSERT, UPDATE ON footage TO watchline_app;
GRANT SELECT, INSERT ON footage_octets TO watchline_app;
GRANT SELECT, DELETE ON footage, footage_octets TO watchline_ingest;
