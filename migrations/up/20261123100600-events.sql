-- The audit log: final. Whole months are dropped at their age; the default partition takes rows of months without a partition.
CREATE TABLE audit_events (
    id           uuid        NOT NULL,
    at           timestamptz NOT NULL,
    type         text        NOT NULL,
    outcome      text        NOT NULL,
    actor_kind   text        NOT NULL,
    actor_id     uuid,
    subject_kind text        NOT NULL DEFAULT '',
    subject_id   text        NOT NULL DEFAULT '',
    service_id   uuid,
    session_id   uuid,
    request_id   text        NOT NULL DEFAULT '',
    details      jsonb       NOT NULL,
    PRIMARY KEY (id, at)
-- dialect: sqlite
);
-- dialect: postgres
) PARTITION BY RANGE (at);
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
DO $$
DECLARE
    month timestamp;
BEGIN
    FOR month IN SELECT generate_series(timestamp '2026-11-01', timestamp '2027-12-01', interval '1 month') LOOP
        EXECUTE format('CREATE TABLE audit_events_%s PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)',
            to_char(month, 'YYYY_MM'), month || '+00', (month + interval '1 month') || '+00');
    END LOOP;
END
$$;
-- dialect: any
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_type ON audit_events (type, at);
CREATE INDEX audit_events_subject ON audit_events (subject_id, at);
CREATE INDEX audit_events_actor ON audit_events (actor_id, at);
CREATE INDEX audit_events_service ON audit_events (service_id, at);

-- Data that identifies a person is beside the event and not in it, so that it can be erased without touching the log.
CREATE TABLE event_pii (
    event_id   uuid        NOT NULL PRIMARY KEY,
    at         timestamptz NOT NULL,
    ip         text        NOT NULL DEFAULT '',
    user_agent text        NOT NULL DEFAULT '',
    identifier text        NOT NULL DEFAULT ''
);
CREATE INDEX event_pii_at ON event_pii (at);
