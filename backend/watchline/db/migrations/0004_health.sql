-- What the ledger knows of time, the envelopes refused as a whole, and since when a writer writes.
SET search_path = watchline, public;

ALTER TABLE sector ADD COLUMN owner_since timestamptz;      -- the present writer took over then

ALTER TABLE ledger
    ADD COLUMN lost_ranges int8multirange NOT NULL DEFAULT '{}', -- the newest of the lost; `lost` counts all
    ADD COLUMN lost_at   timestamptz,                        -- the last time that a loss was declared
    ADD COLUMN marked_at timestamptz;                        -- the last row of ledger_mark

-- The ledger's time axis: at known_at the boot had given out its seqs up to highest_seq.
CREATE TABLE ledger_mark (
    edge_id         text NOT NULL,
    boot            bigint NOT NULL,
    highest_seq     bigint NOT NULL,
    known_at        timestamptz NOT NULL,
    PRIMARY KEY (edge_id, boot, highest_seq),
    FOREIGN KEY (edge_id, boot) REFERENCES ledger ON DELETE CASCADE
);

-- Envelopes refused as a whole, counted. An edge_id of '' is somebody who is not enrolled.
CREATE TABLE refusal (
    edge_id         text NOT NULL,
    code            text NOT NULL,
    total           bigint NOT NULL,
    recent          bigint NOT NULL,                         -- since `since`
    since           timestamptz NOT NULL,                    -- the first after a quiet time
    last_at         timestamptz NOT NULL,
    PRIMARY KEY (edge_id, code)
);

-- The upper ranges of a multirange: what keeps a row small whatever an edge declares lost.
CREATE FUNCTION newest_ranges(ranges int8multirange, most integer) RETURNS int8multirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(range_agg(r), '{}')
      FROM (SELECT r FROM unnest(ranges) AS r ORDER BY lower(r) DESC LIMIT most) AS newest
$$;

-- How many integers a multirange holds.
CREATE FUNCTION size(ranges int8multirange) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(ranges) AS r
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_mark, refusal TO watchline_ingest;
GRANT SELECT ON ledger_mark, refusal TO watchline_app;
