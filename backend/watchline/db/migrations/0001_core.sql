-- The first schema: sectors, sensors, detections, tracks, geofences, rules, incidents, audit, access.
-- Roles are made by db/cluster.py (or by hand, see docs/howto/operate.md) before this runs:
--   watchline_owner   owns everything, runs migrations
--   watchline_ingest  the worker; BYPASSRLS, because COPY FROM fails under row security
--   watchline_app     the hub's login; row security will apply to it
--   watchline_reader  no login of its own; views for tiles and OGC will belong to it; no BYPASSRLS
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE SCHEMA IF NOT EXISTS watchline;
SET search_path = watchline, public;

-- ── sectors: the unit of order. Every commit that changes a sector raises `rev`. ──────────────
CREATE TABLE sector (
    id              text PRIMARY KEY,
    name            text NOT NULL,
    geom            geometry(Polygon, 4326) NOT NULL,     -- the sector owns the points inside
    origin          geometry(Point, 4326) NOT NULL,       -- of the metric plane (azimuthal equidistant)
    time_zone       text NOT NULL,
    synthetic       boolean NOT NULL DEFAULT false,
    epoch           bigint NOT NULL DEFAULT 0,            -- raised by each writer that takes over
    rev             bigint NOT NULL DEFAULT 0,
    owner_url       text,                                 -- where the writer answers
    owner_token     text,                                 -- what the hub shows to read its feed
    owner_seen_at   timestamptz
);

CREATE TABLE sector_state (                               -- packed: written whole, once per commit
    sector_id       text PRIMARY KEY REFERENCES sector,
    rev             bigint NOT NULL,
    clock_us        bigint NOT NULL,                      -- the track clock: older input is late
    tracker         bytea NOT NULL,
    rules           bytea NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
-- Written whole with each commit: compressing it would cost milliseconds each time.
ALTER TABLE sector_state ALTER COLUMN tracker SET STORAGE EXTERNAL;

CREATE TABLE site (
    id              text PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    name            text NOT NULL,
    geom            geometry(Point, 4326)
);

CREATE TABLE edge (
    id              text PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    public_key      bytea NOT NULL CHECK (length(public_key) = 32),
    enabled         boolean NOT NULL DEFAULT true,
    enrolled_at     timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz,
    skew_ms         double precision                      -- running median of arrival minus stamp
);

CREATE TABLE sensor (
    no              integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    id              text PRIMARY KEY,
    edge_id         text NOT NULL REFERENCES edge,
    sector_id       text NOT NULL REFERENCES sector,
    site_id         text REFERENCES site,
    name            text NOT NULL,
    kind            text NOT NULL,
    geom            geometry(PointZ, 4326) NOT NULL,
    info            jsonb NOT NULL,                       -- the SensorInfo as received
    info_at         timestamptz NOT NULL,
    rev             bigint NOT NULL DEFAULT 0
);

CREATE TABLE sensor_health (                              -- the last heartbeat of each sensor
    sensor_id       text PRIMARY KEY REFERENCES sensor,
    at              timestamptz NOT NULL,
    known_at        timestamptz NOT NULL,
    state           text NOT NULL,
    code            text NOT NULL,
    counters        jsonb NOT NULL
);

-- ── the gap ledger: settled + missing = expected, per edge and boot ───────────────────────────
CREATE TABLE ledger (
    edge_id         text NOT NULL REFERENCES edge,
    boot            bigint NOT NULL,
    settled         int8multirange NOT NULL DEFAULT '{}', -- stored, quarantined or declared lost
    highest_seq     bigint NOT NULL DEFAULT 0,            -- the last seq the boot has given out
    detections      bigint NOT NULL DEFAULT 0,
    others          bigint NOT NULL DEFAULT 0,            -- sensor descriptions and heartbeats
    quarantined     bigint NOT NULL DEFAULT 0,
    lost            bigint NOT NULL DEFAULT 0,
    first_known_at  timestamptz NOT NULL,
    last_known_at   timestamptz NOT NULL,
    PRIMARY KEY (edge_id, boot)
);

CREATE TABLE quarantine (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    known_at        timestamptz NOT NULL,
    edge_id         text NOT NULL,
    boot            bigint,
    seq             bigint,
    code            text NOT NULL,
    payload         bytea NOT NULL                        -- at most 4 kB of it
);
CREATE INDEX quarantine_edge ON quarantine (edge_id, known_at);

-- ── detections: day partitions by known_at; no GiST while a partition is hot ──────────────────
CREATE TABLE detection (
    known_at        timestamptz NOT NULL,
    at              timestamptz NOT NULL,
    edge_id         text NOT NULL,
    boot            bigint NOT NULL,
    seq             bigint NOT NULL,
    sensor_id       text NOT NULL,
    sector_id       text NOT NULL,
    timing          "char" NOT NULL,                      -- l live, a late (archive), u clock too uncertain
    track_id        uuid,                                 -- the live track it fed, if any
    geom            geometry(Point, 4326),
    var_east_m2     real,
    cov_m2          real,
    var_north_m2    real,
    bearing_deg     real,
    bearing_sigma_deg real,
    range_m         real,
    range_sigma_m   real,
    east_mps        real,
    north_mps       real,
    speed_sigma_mps real,
    score           real,
    classes         real[],                               -- in contract.CLASS_ORDER
    sensor_track    text,
    extras          jsonb
) PARTITION BY RANGE (known_at);
CREATE INDEX detection_at ON detection USING brin (at);
CREATE INDEX detection_sensor ON detection (sensor_id, at);

CREATE TABLE late_span (                                  -- stretches of time that need a historical rerun
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    from_at         timestamptz NOT NULL,
    to_at           timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    rerun_at        timestamptz                           -- null while it waits
);
CREATE INDEX late_span_waiting ON late_span (sector_id) WHERE rerun_at IS NULL;

-- ── tracks: a projection of the packed state, at most 1 Hz a track ────────────────────────────
CREATE TABLE track (
    id              uuid NOT NULL,
    known_at        timestamptz NOT NULL,                 -- this version holds from here …
    known_to        timestamptz,                          -- … to here (null: now)
    sector_id       text NOT NULL REFERENCES sector,
    no              bigint NOT NULL,                      -- short number for people, per sector
    historical      boolean NOT NULL DEFAULT false,       -- made by a rerun
    status          text NOT NULL CHECK (status IN ('tentative', 'confirmed', 'coasting', 'ended')),
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    geom            geometry(Point, 4326) NOT NULL,       -- where it was at last_at
    var_east_m2     real NOT NULL,
    cov_m2          real NOT NULL,
    var_north_m2    real NOT NULL,
    east_mps        real NOT NULL,
    north_mps       real NOT NULL,
    classes         real[] NOT NULL,                      -- in contract.CLASS_ORDER
    sensors         text[] NOT NULL,
    hits            integer NOT NULL,
    path            geometry(LineStringM, 4326),          -- historical versions carry it; M = unix seconds
    PRIMARY KEY (id, known_at)
) WITH (fillfactor = 70);
CREATE INDEX track_live ON track (sector_id) WHERE known_to IS NULL AND status <> 'ended';
CREATE INDEX track_last_at ON track USING brin (last_at);
CREATE INDEX track_no ON track (sector_id, no);

-- ── geofences and rules: versioned, never updated in place ────────────────────────────────────
CREATE TABLE geofence (
    id              text NOT NULL,
    version         integer NOT NULL,
    sector_id       text NOT NULL REFERENCES sector,
    name            text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('area', 'line')),
    geom            geometry(Geometry, 4326) NOT NULL,    -- Polygon or LineString
    directions      text[],                               -- line: per segment 'both', 'left_to_right', 'right_to_left'
    p_in            real NOT NULL DEFAULT 0.9,
    p_out           real NOT NULL DEFAULT 0.1,
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz,
    rev             bigint NOT NULL,
    PRIMARY KEY (id, version),
    CHECK (0 < p_out AND p_out < p_in AND p_in < 1)
);

CREATE TABLE rule (
    id              text NOT NULL,
    version         integer NOT NULL,
    sector_id       text NOT NULL REFERENCES sector,
    name            text NOT NULL,
    kind            text NOT NULL,                        -- a file in rules/kinds
    geofence_id     text,
    severity        text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'very_high')),
    params          jsonb NOT NULL DEFAULT '{}',
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz,
    rev             bigint NOT NULL,
    PRIMARY KEY (id, version)
);

-- ── incidents: events are the truth, the row is their projection ──────────────────────────────
CREATE TABLE incident (
    id              uuid PRIMARY KEY,
    sector_id       text NOT NULL REFERENCES sector,
    no              bigint NOT NULL,                      -- short number for people, per sector
    rev             bigint NOT NULL,                      -- the sector's rev at the last change
    opened_at       timestamptz NOT NULL,                 -- when it was so
    known_at        timestamptz NOT NULL,                 -- when we knew
    last_at         timestamptz NOT NULL,                 -- the last finding
    status          text NOT NULL CHECK (status IN ('new', 'acknowledged', 'resolved')),
    condition       text NOT NULL CHECK (condition IN ('active', 'cleared')),
    severity        text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'very_high')),
    life_at_risk    boolean NOT NULL DEFAULT false,
    historical      boolean NOT NULL DEFAULT false,
    rule_id         text NOT NULL,
    rule_version    integer NOT NULL,
    geofence_id     text,
    geofence_version integer,
    geom            geometry(Point, 4326) NOT NULL,
    track_ids       uuid[] NOT NULL,
    findings        integer NOT NULL,
    disposition     text,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    resolved_at     timestamptz,
    resolved_by     uuid,
    UNIQUE (sector_id, no)
);
CREATE INDEX incident_rev ON incident (sector_id, rev);
CREATE INDEX incident_open ON incident (sector_id) WHERE status <> 'resolved';

CREATE TABLE incident_event (
    incident_id     uuid NOT NULL REFERENCES incident,
    no              integer NOT NULL,
    at              timestamptz NOT NULL,
    known_at        timestamptz NOT NULL,
    kind            text NOT NULL,                        -- opened, joined, cleared, acknowledged, resolved, reopened
    actor           text NOT NULL,                        -- 'machine' or a user's id
    detail          jsonb NOT NULL,
    PRIMARY KEY (incident_id, no)
);

CREATE TABLE finding (
    id              uuid PRIMARY KEY,
    incident_id     uuid NOT NULL REFERENCES incident,
    sector_id       text NOT NULL,
    rule_id         text NOT NULL,
    rule_version    integer NOT NULL,
    geofence_id     text,
    geofence_version integer,
    track_id        uuid NOT NULL,
    kind            text NOT NULL,
    at              timestamptz NOT NULL,
    geom            geometry(Point, 4326) NOT NULL,
    evidence        jsonb NOT NULL                        -- probabilities, weak, direction, sensors
);
CREATE INDEX finding_match ON finding (sector_id, rule_id, at);

-- ── audit: append-only, hash-chained per sector ('' is the hub itself) ────────────────────────
CREATE TABLE audit_event (
    chain           text NOT NULL,
    no              bigint NOT NULL,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    op              text NOT NULL,
    object          text NOT NULL,
    detail          jsonb NOT NULL,
    prev_hash       bytea NOT NULL,
    hash            bytea NOT NULL,
    PRIMARY KEY (chain, no)
);
CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit_event is append-only'; END $$;
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only();

-- ── access ────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE user_account (
    id              uuid PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    password_hash   text NOT NULL,
    must_change     boolean NOT NULL DEFAULT false,
    disabled        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE user_session (
    token_hash      bytea PRIMARY KEY,                    -- SHA-256; the token itself is never stored
    user_id         uuid NOT NULL REFERENCES user_account,
    created_at      timestamptz NOT NULL DEFAULT now(),
    seen_at         timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL
);
CREATE TABLE login_failure (
    at              timestamptz NOT NULL DEFAULT now(),
    name            text NOT NULL,
    source          text NOT NULL
);
CREATE INDEX login_failure_at ON login_failure (at);

GRANT USAGE ON SCHEMA watchline TO watchline_ingest, watchline_app, watchline_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA watchline TO watchline_ingest, watchline_app;
REVOKE UPDATE, DELETE ON audit_event, incident_event, finding FROM watchline_ingest, watchline_app;
REVOKE ALL ON user_account, user_session, login_failure FROM watchline_ingest;
REVOKE INSERT, UPDATE, DELETE ON detection, sector_state, ledger, quarantine FROM watchline_app;
