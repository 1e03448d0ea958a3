-- Day partitions of detection, by known_at in UTC, made ahead: at migration, then by the worker.
-- There is no default partition on purpose: rows in it would block the making of their day.
SET search_path = watchline, public;

-- The privileges of 0001 were given on all tables; this one is the owner's alone.
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM watchline_ingest, watchline_app;

-- Make the partitions from yesterday to `days_ahead` days from now; answer how many were missing.
-- A partition is filled with its columns and indexes first and attached then: ATTACH takes only a
-- SHARE UPDATE EXCLUSIVE lock on the parent, so that a running COPY does not wait (CREATE TABLE
-- ... PARTITION OF would take ACCESS EXCLUSIVE). Concurrent callers take turns.
CREATE FUNCTION ensure_detection_partitions(days_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = watchline, public, pg_temp SET timezone = 'UTC' AS
$$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    day date;
    part text;
    made integer := 0;
BEGIN
    IF days_ahead IS NULL OR days_ahead < 0 OR days_ahead > 400 THEN
        RAISE EXCEPTION 'days_ahead must be 0 to 400' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- The usual call finds everything there and shall neither wait nor write.
    IF NOT EXISTS (
        SELECT FROM generate_series(today - 1, today + days_ahead, interval '1 day') AS d
         WHERE to_regclass('watchline.detection_' || to_char(d, 'YYYYMMDD')) IS NULL
    ) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('watchline.detection_partitions'));
    FOR day IN SELECT generate_series(today - 1, today + days_ahead, interval '1 day')::date LOOP
        part := 'detection_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('watchline.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE watchline.%I (LIKE watchline.detection INCLUDING ALL)', part);
        EXECUTE format(
            'ALTER TABLE watchline.detection ATTACH PARTITION watchline.%I '
            'FOR VALUES FROM (%L) TO (%L)',
            part, day || 'T00:00:00Z', (day + 1) || 'T00:00:00Z');
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION ensure_detection_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_detection_partitions(integer) TO watchline_ingest;

SELECT ensure_detection_partitions(7);
