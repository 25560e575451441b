DROP TABLE event_pii;
DROP TABLE audit_events;
