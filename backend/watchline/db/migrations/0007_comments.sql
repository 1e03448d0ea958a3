-- What tables, columns and functions are for: docs/reference/schema.md is made of this.
SET search_path = watchline, public;

COMMENT ON TABLE sector IS 'A stretch of border with its own sites, edges and writer: the unit of order. Every commit that changes a sector raises `rev`.';
COMMENT ON COLUMN sector.geom IS 'the sector owns the points inside';
COMMENT ON COLUMN sector.origin IS 'of the sector''s metric plane (azimuthal equidistant); never changes';
COMMENT ON COLUMN sector.synthetic IS 'invented, for demonstration';
COMMENT ON COLUMN sector.epoch IS 'raised by each writer that takes over, and by a restore';
COMMENT ON COLUMN sector.rev IS 'number of the last commit';
COMMENT ON COLUMN sector.owner_url IS 'where the writer answers';
COMMENT ON COLUMN sector.owner_token IS 'what a hub shows to read the writer''s feed';
COMMENT ON COLUMN sector.owner_seen_at IS 'the writer''s last sign of life';
COMMENT ON COLUMN sector.owner_since IS 'the present writer took over then';

COMMENT ON TABLE sector_state IS 'The packed state of tracker and rules, written whole with each commit: a start is a recovery from it.';
COMMENT ON COLUMN sector_state.clock_us IS 'the track clock, µs since 1970 UTC: older input is late';

COMMENT ON TABLE site IS 'A mast, vehicle or checkpoint where sensors stand.';
COMMENT ON TABLE edge IS 'A computer at a site that runs adapters and sends signed envelopes to one sector.';
COMMENT ON COLUMN edge.public_key IS 'Ed25519, 32 bytes';
COMMENT ON COLUMN edge.skew_ms IS 'running median of arrival minus stamp of live envelopes';
COMMENT ON TABLE sensor IS 'A device as its edge last described it.';
COMMENT ON COLUMN sensor.no IS 'a small number for it in packed states';
COMMENT ON COLUMN sensor.info IS 'the rest of the description';
COMMENT ON TABLE sensor_health IS 'The last heartbeat of each sensor.';

COMMENT ON TABLE ledger IS 'The gap ledger, a row for each start (boot) of an edge: settled + missing = expected. The holes of `settled` below `highest_seq` are what is missing.';
COMMENT ON COLUMN ledger.boot IS 'random 63 bits of one start of the edge';
COMMENT ON COLUMN ledger.settled IS 'seqs stored, quarantined or declared lost';
COMMENT ON COLUMN ledger.highest_seq IS 'the last seq that the boot has given out';
COMMENT ON COLUMN ledger.others IS 'sensor descriptions and heartbeats';
COMMENT ON COLUMN ledger.lost IS 'declared lost by the edge, for instance by a full spool';
COMMENT ON COLUMN ledger.lost_ranges IS 'the newest of the lost; `lost` counts all';
COMMENT ON COLUMN ledger.lost_at IS 'the last time that a loss was declared';
COMMENT ON COLUMN ledger.marked_at IS 'the last row of ledger_mark';
COMMENT ON TABLE ledger_mark IS 'The ledger''s time axis: at `known_at` the boot had given out its seqs up to `highest_seq`.';
COMMENT ON TABLE quarantine IS 'Items that could not be used, and samples of envelopes refused as a whole.';
COMMENT ON COLUMN quarantine.code IS 'why';
COMMENT ON COLUMN quarantine.payload IS 'the head of its bytes, at most 4 kB';
COMMENT ON COLUMN quarantine.seq IS 'null: a whole envelope';
COMMENT ON TABLE refusal IS 'Envelopes refused as a whole, counted. An edge_id of '''' is somebody who is not enrolled.';
COMMENT ON COLUMN refusal.recent IS 'since `since`';
COMMENT ON COLUMN refusal.since IS 'the first after a quiet time';

COMMENT ON TABLE detection IS 'Every sighting by every sensor. Partitioned by day of `known_at` (UTC): made a week ahead, indexed by place when over (closed_day), dropped by retention. Ask with a stretch of time.';
COMMENT ON COLUMN detection.known_at IS 'when it was stored, by the worker''s clock (today if that clock is far off)';
COMMENT ON COLUMN detection.at IS 'when it was seen, by the edge''s clock';
COMMENT ON COLUMN detection.seq IS 'with edge_id and boot the natural key';
COMMENT ON COLUMN detection.timing IS 'l live, a late (from the archive), u its clock too uncertain to judge';
COMMENT ON COLUMN detection.track_id IS 'the live track it fed, if any';
COMMENT ON COLUMN detection.classes IS 'probabilities of person, group, vehicle, animal, unknown';
COMMENT ON COLUMN detection.sensor_track IS 'the device''s own track number';
COMMENT ON TABLE closed_day IS 'Days of detections that are over: nothing is written to them any more, and their places are indexed.';
COMMENT ON COLUMN closed_day.byte_count IS 'table and indexes when it was closed';
COMMENT ON COLUMN closed_day.due_passes IS 'hourly passes that have found it older than retention allows; it is dropped at 24';
COMMENT ON TABLE late_span IS 'Stretches of time that got detections after they had been tracked: a job tracks and judges them again.';
COMMENT ON COLUMN late_span.opened_at IS 'the first late detection of it';
COMMENT ON COLUMN late_span.begun_at IS 'its rerun began; null while it may still grow';
COMMENT ON COLUMN late_span.rerun_at IS 'null while it waits';

COMMENT ON TABLE track IS 'What is believed to move: a projection of the packed state, at most once a second a track.';
COMMENT ON COLUMN track.known_at IS 'this version holds from here …';
COMMENT ON COLUMN track.known_to IS '… to here (null: now)';
COMMENT ON COLUMN track.no IS 'short number for people, per sector; negative for tracks of reruns';
COMMENT ON COLUMN track.historical IS 'made by a rerun';
COMMENT ON COLUMN track.geom IS 'where it was at last_at';
COMMENT ON COLUMN track.path IS 'only historical versions carry it; M = unix seconds';

COMMENT ON TABLE geofence IS 'Areas and lines to watch. A change is a new version; what was is never updated.';
COMMENT ON COLUMN geofence.directions IS 'of a line, per segment: both, left_to_right, right_to_left';
COMMENT ON COLUMN geofence.p_in IS 'probability from which a track is inside';
COMMENT ON COLUMN geofence.p_out IS 'and up to which it is outside again';
COMMENT ON TABLE rule IS 'What about a geofence raises an incident. Versioned like geofences.';
COMMENT ON COLUMN rule.kind IS 'a file in rules/kinds';

COMMENT ON TABLE incident IS 'What people work on. The events are the truth, this row is their projection.';
COMMENT ON COLUMN incident.no IS 'short number for people, per sector';
COMMENT ON COLUMN incident.rev IS 'the sector''s rev at the last change';
COMMENT ON COLUMN incident.opened_at IS 'when it was so';
COMMENT ON COLUMN incident.known_at IS 'when we knew';
COMMENT ON COLUMN incident.last_at IS 'the last finding';
COMMENT ON COLUMN incident.condition IS 'set by the machine; the status is set by people';
COMMENT ON TABLE incident_event IS 'What happened to an incident, in order; append-only.';
COMMENT ON COLUMN incident_event.kind IS 'opened, joined, cleared, acknowledged, resolved, reopened';
COMMENT ON COLUMN incident_event.actor IS 'machine, or a user''s id';
COMMENT ON TABLE finding IS 'That a rule held for a track, with the evidence; append-only.';
COMMENT ON COLUMN finding.evidence IS 'probabilities, weak, direction, sensors';

COMMENT ON TABLE audit_event IS 'Who did what, append-only: a hash chain per sector; the chain '''' is the hub itself.';
COMMENT ON COLUMN audit_event.actor IS 'machine, command line, or a user''s id';
COMMENT ON COLUMN audit_event.hash IS 'SHA-256 of prev_hash and the event';
COMMENT ON TABLE user_account IS 'The people who log in.';
COMMENT ON COLUMN user_account.password_hash IS 'Argon2id';
COMMENT ON COLUMN user_account.must_change IS 'the password is a one-time one';
COMMENT ON TABLE user_session IS 'Logins that hold.';
COMMENT ON COLUMN user_session.token_hash IS 'SHA-256; the token itself is never stored';
COMMENT ON TABLE login_failure IS 'Attempts to log in, for the limit of attempts.';

COMMENT ON FUNCTION ensure_detection_partitions(integer) IS 'Makes the partitions from yesterday to so many days ahead; answers how many were missing.';
COMMENT ON FUNCTION detection_days() IS 'The days that have a partition.';
COMMENT ON FUNCTION detection_today(integer) IS 'The day that partitions are counted from.';
COMMENT ON FUNCTION believed_day(timestamptz, date, integer) IS 'The day of a clock, unless it is older than this software.';
COMMENT ON FUNCTION close_detection_day(date) IS 'Indexes a day that is over by place and notes it in closed_day.';
COMMENT ON FUNCTION drop_detection_day(date) IS 'Drops a closed day.';
COMMENT ON FUNCTION prune_logins(timestamptz) IS 'Deletes attempts and ended logins from before.';
COMMENT ON FUNCTION newest_ranges(int8multirange, integer) IS 'The upper ranges of a multirange.';
COMMENT ON FUNCTION audit_event_is_append_only() IS 'Refuses changes of the audit trail, whoever makes them.';
COMMENT ON FUNCTION size(int8multirange) IS 'How many numbers a multirange holds.';
