-- Classes of device that a user has logged in from, so that a login from another one is reported. They hold our own names and nothing
-- that a client wrote, are few for each user, and are deleted with the user.
CREATE TABLE user_devices (
    user_id       uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    class         text        NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, class)
);
