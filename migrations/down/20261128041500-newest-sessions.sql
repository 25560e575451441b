DROP INDEX sessions_live;
CREATE INDEX sessions_live ON sessions (user_id) WHERE ended_at IS NULL;
