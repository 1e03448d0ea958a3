-- The life of an incident: more statuses, alarms that wait until a deadline, sleep, merging, by hand.
-- An incident of an older schema keeps its events as they are; only those opened from now on can be
-- rebuilt from their events alone.
SET search_path = watchline, public;

ALTER TABLE incident DROP CONSTRAINT incident_status_check;
ALTER TABLE incident ADD CONSTRAINT incident_status_check
    CHECK (status IN ('new', 'acknowledged', 'dispatched', 'on_scene', 'resolved'));
ALTER TABLE incident
    ALTER COLUMN rule_id DROP NOT NULL,
    ALTER COLUMN rule_version DROP NOT NULL,
    ADD COLUMN events integer NOT NULL DEFAULT 1,
    ADD COLUMN source text NOT NULL DEFAULT 'rule'
        CHECK (source IN ('rule', 'phone', 'footprints', 'patrol', 'other')),
    ADD COLUMN title text,
    ADD COLUMN triggers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN marks jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN alarm_at timestamptz,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN overdue boolean NOT NULL DEFAULT false,
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN snooze_reason text,
    ADD COLUMN patrol text,
    ADD COLUMN merged_into uuid REFERENCES incident,
    ADD COLUMN links uuid[] NOT NULL DEFAULT '{}';
UPDATE incident SET
    events = (SELECT count(*) FROM incident_event e WHERE e.incident_id = incident.id),
    triggers = jsonb_build_array(jsonb_build_array(rule_id, geofence_id)),
    alarm_at = CASE WHEN status = 'new' THEN known_at END;

CREATE INDEX finding_incident ON finding (incident_id);
-- Merging and splitting move findings; what they say never changes.
GRANT UPDATE (incident_id) ON finding TO watchline_app;

COMMENT ON COLUMN incident.status IS 'how far people are; no machine changes it';
COMMENT ON COLUMN incident.condition IS 'whether its tracks are still there; the machine''s alone';
COMMENT ON COLUMN incident.events IS 'number of its last event';
COMMENT ON COLUMN incident.source IS 'a rule, or what a person heard, saw or was told';
COMMENT ON COLUMN incident.title IS 'what the person who made it by hand called it';
COMMENT ON COLUMN incident.triggers IS '[[rule, geofence], …] whose findings for its tracks join it';
COMMENT ON COLUMN incident.marks IS 'per track its newest finding: [at_us, x_m, y_m, vx_mps, vy_mps, sigma_m] in the sector''s plane';
COMMENT ON COLUMN incident.alarm_at IS 'since when it waits for a person; null: it does not';
COMMENT ON COLUMN incident.due_at IS 'until when somebody has to acknowledge';
COMMENT ON COLUMN incident.overdue IS 'nobody has, in time';
COMMENT ON COLUMN incident.patrol IS 'who was sent';
COMMENT ON COLUMN incident.merged_into IS 'the incident that goes on for both';
COMMENT ON COLUMN incident.links IS 'incidents that have to do with it';
COMMENT ON COLUMN incident_event.kind IS 'see incidents/projection.py';
COMMENT ON COLUMN finding.incident_id IS 'the incident it belongs to now; merging and splitting move it';
