-- The life of a day of detections: made ahead, closed when it is over, dropped when it is too old.
SET search_path = watchline, public;

CREATE TABLE closed_day (                                 -- a day that nothing is written to any more
    day             date PRIMARY KEY,
    closed_at       timestamptz NOT NULL,
    row_count       bigint NOT NULL,
    byte_count      bigint NOT NULL,                      -- table and indexes
    due_passes      integer NOT NULL DEFAULT 0            -- hourly passes that have found it too old
);
GRANT SELECT ON closed_day TO watchline_app;
GRANT SELECT, UPDATE ON closed_day TO watchline_ingest;

-- The day by the server's clock, unless that is older than this software: a box without a battery
-- says 1970. Then it is the day on which partitions were last made ahead (`newest` is the last).
CREATE FUNCTION believed_day(clock timestamptz, newest date, days_ahead integer) RETURNS date
    LANGUAGE sql IMMUTABLE SET timezone = 'UTC' AS
$$
    SELECT CASE WHEN clock < timestamptz '2026-01-01T00:00:00Z'
                THEN greatest(clock::date, newest - days_ahead) ELSE clock::date END
$$;

CREATE FUNCTION detection_days() RETURNS SETOF date
    LANGUAGE sql STABLE SET search_path = watchline, public, pg_temp AS
$$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD')
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'watchline.detection'::regclass
$$;

-- The day that `ensure_detection_partitions` counts from.
CREATE FUNCTION detection_today(days_ahead integer) RETURNS date
    LANGUAGE sql VOLATILE SET search_path = watchline, public, pg_temp AS
$$
    SELECT believed_day(clock_timestamp(), (SELECT max(d) FROM detection_days() d), days_ahead)
$$;

-- As in 0002, but counted from the day that is believed.
CREATE OR REPLACE FUNCTION ensure_detection_partitions(days_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = watchline, public, pg_temp SET timezone = 'UTC' AS
$$
DECLARE
    today date := detection_today(days_ahead);
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

-- Close a day: GiST on its places, built in one go, and statistics. Only the day's own partition is
-- locked, so ingest goes on; a straggler may still be stored there, only more slowly.
CREATE FUNCTION close_detection_day(over date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = watchline, public, pg_temp SET timezone = 'UTC'
    SET maintenance_work_mem = '256MB' AS
$$
DECLARE
    part text := 'detection_' || to_char(over, 'YYYYMMDD');
    found bigint;
BEGIN
    IF over >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION 'the day is not over' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON watchline.%I USING gist (geom)',
                   part || '_geom', part);
    EXECUTE format('ANALYZE watchline.%I', part);
    EXECUTE format('SELECT count(*) FROM watchline.%I', part) INTO found;
    INSERT INTO closed_day (day, closed_at, row_count, byte_count)
    VALUES (over, clock_timestamp(), found, pg_total_relation_size('watchline.' || part))
    ON CONFLICT DO NOTHING;
END
$$;

-- Drop a closed day. DETACH takes ACCESS EXCLUSIVE on the parent for an instant: the caller sets a
-- short lock_timeout and tries again, so that a running COPY never waits long behind it.
CREATE FUNCTION drop_detection_day(old date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = watchline, public, pg_temp AS
$$
DECLARE
    part text := 'detection_' || to_char(old, 'YYYYMMDD');
BEGIN
    DELETE FROM closed_day WHERE day = old;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the day is not closed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('ALTER TABLE watchline.detection DETACH PARTITION watchline.%I', part);
    EXECUTE format('DROP TABLE watchline.%I', part);
END
$$;

-- The worker may not read logins, but it does the cleaning.
CREATE FUNCTION prune_logins(before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = watchline, public, pg_temp AS
$$
DECLARE
    failures bigint;
    sessions bigint;
BEGIN
    DELETE FROM login_failure WHERE at < before;
    GET DIAGNOSTICS failures = ROW_COUNT;
    DELETE FROM user_session WHERE expires_at < before;
    GET DIAGNOSTICS sessions = ROW_COUNT;
    RETURN failures + sessions;
END
$$;

REVOKE ALL ON FUNCTION close_detection_day(date), drop_detection_day(date),
    prune_logins(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_detection_day(date), drop_detection_day(date),
    prune_logins(timestamptz) TO watchline_ingest;
