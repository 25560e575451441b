-- Applications that tokens are issued to. One is built in.
CREATE TABLE clients (
    id         uuid        NOT NULL PRIMARY KEY,
    key        text        NOT NULL UNIQUE,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL
);

-- Written at its beginning and its end. Nothing that a refresh changes is here.
CREATE TABLE sessions (
    id          uuid        NOT NULL PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    amr         jsonb       NOT NULL,
    auth_time   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    end_reason  text        NOT NULL DEFAULT '',
    ip          text        NOT NULL DEFAULT '',
    user_agent  text        NOT NULL DEFAULT '',
    device_name text        NOT NULL DEFAULT '',
    cookie      boolean     NOT NULL DEFAULT FALSE
);
CREATE INDEX sessions_live ON sessions (user_id) WHERE ended_at IS NULL;

-- Lines of refresh tokens. The hot row of every refresh: no index on anything that one changes, and room on the page, so that
-- Postgres updates it in place (HOT).
CREATE TABLE refresh_families (
    id          uuid        NOT NULL PRIMARY KEY,
    session_id  uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id   uuid        NOT NULL REFERENCES clients (id),
    generation  bigint      NOT NULL,
    hash        bytea       NOT NULL,
    salt        bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    advanced_at timestamptz NOT NULL,
    rotated_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    is_static   boolean     NOT NULL DEFAULT FALSE
);
CREATE INDEX refresh_families_session ON refresh_families (session_id);

-- dialect: postgres
ALTER TABLE sessions SET (fillfactor = 85);
ALTER TABLE refresh_families SET (fillfactor = 85);
