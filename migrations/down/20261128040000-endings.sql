DROP INDEX users_newest;
DROP INDEX event_pii_identifier;
DROP INDEX outbox_subject;
ALTER TABLE outbox DROP COLUMN subject;
DROP INDEX sessions_user;
DROP INDEX outbox_over;
DROP INDEX sessions_over;
