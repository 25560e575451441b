-- The request that led to a message, so that the log of its delivery can be found by the id that the client was given.
ALTER TABLE outbox ADD COLUMN request_id text NOT NULL DEFAULT '';
