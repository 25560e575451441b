-- What the end of things is found by. The janitor walks what is over from its oldest end; an index of each such time serves it.
CREATE INDEX sessions_over ON sessions (COALESCE(ended_at, expires_at));
CREATE INDEX outbox_over ON outbox (COALESCE(delivered_at, parked_at)) WHERE COALESCE(delivered_at, parked_at) IS NOT NULL;

-- A user's sessions, ended ones too: for their export, and so that the deletion of a user reads no whole table.
CREATE INDEX sessions_user ON sessions (user_id);

-- Whose mailbox a message is about, as a MAC of the address: the table names nobody, and what waits for an erased person is found.
ALTER TABLE outbox ADD COLUMN subject bytea;
CREATE INDEX outbox_subject ON outbox (subject) WHERE subject IS NOT NULL;

-- Failed logins of an address that had no account then know it by what was typed only.
CREATE INDEX event_pii_identifier ON event_pii (identifier) WHERE identifier <> '';

-- Lists of users are newest first.
CREATE INDEX users_newest ON users (created_at, id);
