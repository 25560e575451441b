-- Indexes of ends. The janitor reads expired rows from the oldest on, and needs an index of each such time.
CREATE INDEX sessions_over ON sessions (COALESCE(ended_at, expires_at));
CREATE INDEX outbox_over ON outbox (COALESCE(delivered_at, parked_at)) WHERE COALESCE(delivered_at, parked_at) IS NOT NULL;

-- A user's sessions, ended ones too: for their export, and so that the deletion of a user reads no whole table.
CREATE INDEX sessions_user ON sessions (user_id);

-- Whose mailbox a message is about, as a MAC of the address: the table names nobody, but mail that waits for an erased person can be found.
ALTER TABLE outbox ADD COLUMN subject bytea;
CREATE INDEX outbox_subject ON outbox (subject) WHERE subject IS NOT NULL;

-- Failed logins of an address without an account are only found by the typed identifier.
CREATE INDEX event_pii_identifier ON event_pii (identifier) WHERE identifier <> '';

-- Lists of users are newest first.
CREATE INDEX users_newest ON users (created_at, id);
