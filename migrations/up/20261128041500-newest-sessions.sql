-- Lists of a user's sessions are newest first, a page at a time. The index serves as before whatever asks for the open sessions
-- of a user, and for those of everybody.
DROP INDEX sessions_live;
CREATE INDEX sessions_live ON sessions (user_id, created_at, id) WHERE ended_at IS NULL;
