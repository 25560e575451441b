-- Devices on which their owner is not asked for a second factor. epoch is that of the principal's credentials: whatever raises it ends them.
CREATE TABLE device_tokens (
    id           uuid        NOT NULL PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash         bytea       NOT NULL UNIQUE,
    epoch        bigint      NOT NULL,
    class        text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX device_tokens_user ON device_tokens (user_id);
CREATE INDEX device_tokens_end ON device_tokens (expires_at);
