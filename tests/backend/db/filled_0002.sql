-- A hub of schema 0002 that has worked for some days: every table has rows.
SET search_path = watchline, public;
SET timezone = 'UTC';

INSERT INTO sector (id, name, geom, origin, time_zone, synthetic, epoch, rev, owner_url, owner_token, owner_seen_at)
VALUES ('test', 'Test sector', ST_MakeEnvelope(23.7, 50.3, 24.3, 50.7, 4326),
        ST_SetSRID(ST_MakePoint(24, 50.5), 4326), 'Europe/Warsaw', true, 4, 1200, 'http://127.0.0.1:8620', 't', now());
INSERT INTO site VALUES ('mast', 'test', 'Mast', ST_SetSRID(ST_MakePoint(24, 50.5), 4326));
INSERT INTO edge (id, sector_id, public_key, last_seen_at, skew_ms)
VALUES ('edge-a', 'test', decode(repeat('00', 32), 'hex'), now(), 12.5),
       ('edge-b', 'test', decode(repeat('11', 32), 'hex'), NULL, NULL);
INSERT INTO sensor (id, edge_id, sector_id, site_id, name, kind, geom, info, info_at)
VALUES ('radar', 'edge-a', 'test', 'mast', 'Radar', 'radar', ST_SetSRID(ST_MakePoint(24, 50.5, 200), 4326),
        '{"north": "true"}', now() - interval '5 d');
INSERT INTO sensor_health VALUES ('radar', now(), now(), 'ok', 'sensor.ok', '{"frames": 12}');

-- Yesterday and today in the day partitions, one boot with a hole and one with a lost range.
INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id, timing, track_id, geom,
                       var_east_m2, cov_m2, var_north_m2, score, classes, sensor_track, extras)
SELECT now() - s * interval '2 min', now() - s * interval '2 min', 'edge-a', 7, s, 'radar', 'test', 'l',
       '01900000-0000-7000-8000-00000000aaaa', ST_SetSRID(ST_MakePoint(24 + s * 1e-5, 50.5), 4326),
       4, 0.5, 4, 0.9, '{0.6,0.1,0.1,0.1,0.1}', s::text, '{"snr_db": 14}'
  FROM generate_series(1, 500) s;
INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id, timing)
SELECT now(), now() - interval '1 d', 'edge-b', 9, s, 'radar', 'test', 'a' FROM generate_series(1, 20) s;
INSERT INTO ledger VALUES
    ('edge-a', 7, '{[1,501),[510,520)}', 525, 500, 8, 1, 1, now() - interval '1 d', now()),
    ('edge-b', 9, '{[1,21)}', 20, 20, 0, 0, 0, now(), now());
INSERT INTO quarantine (known_at, edge_id, boot, seq, code, payload)
VALUES (now(), 'edge-a', 7, 512, 'item.malformed', '\x00ff'), (now(), 'edge-a', NULL, NULL, 'envelope.malformed', '\x');
INSERT INTO late_span (sector_id, from_at, to_at, changed_at, rerun_at)
VALUES ('test', now() - interval '2 h', now() - interval '1 h', now() - interval '1 h', now() - interval '50 min');

INSERT INTO track (id, known_at, known_to, sector_id, no, historical, status, first_at, last_at, geom,
                   var_east_m2, cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits, path)
VALUES ('01900000-0000-7000-8000-00000000aaaa', now() - interval '1 h', NULL, 'test', 1, false, 'ended',
        now() - interval '1 h', now(), ST_SetSRID(ST_MakePoint(24, 50.5), 4326), 4, 0, 4, 1, 0,
        '{0.6,0.1,0.1,0.1,0.1}', '{radar}', 500, NULL),
       ('01900000-0000-7000-8000-00000000bbbb', now(), NULL, 'test', -1, true, 'ended',
        now() - interval '2 h', now() - interval '1 h', ST_SetSRID(ST_MakePoint(24, 50.5), 4326), 4, 0, 4, 1, 0,
        '{0.6,0.1,0.1,0.1,0.1}', '{radar}', 20,
        ST_SetSRID(ST_MakeLine(ST_MakePointM(24, 50.5, 1), ST_MakePointM(24.1, 50.5, 2)), 4326));
INSERT INTO geofence (id, version, sector_id, name, kind, geom, directions, valid_from, valid_to, rev)
VALUES ('meadow', 1, 'test', 'Meadow', 'area', ST_MakeEnvelope(23.99, 50.49, 24.01, 50.51, 4326), NULL,
        now() - interval '5 d', now() - interval '4 d', 10),
       ('meadow', 2, 'test', 'Meadow', 'area', ST_MakeEnvelope(23.98, 50.49, 24.01, 50.51, 4326), NULL,
        now() - interval '4 d', NULL, 11),
       ('ditch', 1, 'test', 'Ditch', 'line',
        ST_SetSRID(ST_MakeLine(ST_MakePoint(23.99, 50.6), ST_MakePoint(24.01, 50.6)), 4326), '{both}',
        now() - interval '5 d', NULL, 12);
INSERT INTO rule (id, version, sector_id, name, kind, geofence_id, severity, valid_from, rev)
VALUES ('meadow-enter', 1, 'test', 'Somebody in the meadow', 'enter', 'meadow', 'high', now() - interval '5 d', 10);
INSERT INTO user_account (id, name, password_hash)
VALUES ('01900000-0000-7000-8000-000000000001', 'anna', '$argon2id$x');
INSERT INTO user_session (token_hash, user_id, expires_at)
VALUES ('\x01', '01900000-0000-7000-8000-000000000001', now() + interval '1 h');
INSERT INTO login_failure (name, source) VALUES ('anna', '192.0.2.1');
INSERT INTO incident (id, sector_id, no, rev, opened_at, known_at, last_at, status, condition, severity, rule_id,
                      rule_version, geofence_id, geofence_version, geom, track_ids, findings, disposition,
                      acknowledged_at, acknowledged_by, resolved_at, resolved_by)
VALUES ('01900000-0000-7000-8000-000000000010', 'test', 1, 1100, now(), now(), now(), 'new', 'active', 'high',
        'meadow-enter', 1, 'meadow', 2, ST_SetSRID(ST_MakePoint(24, 50.5), 4326),
        '{01900000-0000-7000-8000-00000000aaaa}', 1, NULL, NULL, NULL, NULL, NULL),
       ('01900000-0000-7000-8000-000000000011', 'test', 2, 1150, now(), now(), now(), 'resolved', 'cleared', 'high',
        'meadow-enter', 1, 'meadow', 2, ST_SetSRID(ST_MakePoint(24, 50.5), 4326),
        '{01900000-0000-7000-8000-00000000bbbb}', 1, 'false_alarm', now(), '01900000-0000-7000-8000-000000000001',
        now(), '01900000-0000-7000-8000-000000000001');
INSERT INTO incident_event
SELECT id, 1, now(), now(), 'opened', 'machine', '{}' FROM incident;
INSERT INTO finding
VALUES ('01900000-0000-7000-8000-000000000020', '01900000-0000-7000-8000-000000000010', 'test', 'meadow-enter', 1,
        'meadow', 2, '01900000-0000-7000-8000-00000000aaaa', 'enter', now(),
        ST_SetSRID(ST_MakePoint(24, 50.5), 4326), '{"p": 0.97}');
