-- A stretch that is being rerun is not widened any more: what comes late meanwhile opens another.
SET search_path = watchline, public;

ALTER TABLE late_span
    ADD opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- the first late detection of it
    ADD begun_at  timestamptz;                                     -- null while it may still grow
