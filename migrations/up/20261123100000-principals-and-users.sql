-- One id space for everything that can act. A row is never deleted: a deleted principal is a tombstone without personal data,
-- so that an id is never used again.
CREATE TABLE principals (
    id               uuid        NOT NULL PRIMARY KEY,
    kind             text        NOT NULL,
    state            text        NOT NULL,
    disabled_reason  text        NOT NULL DEFAULT '',
    disabled_until   timestamptz,
    pv               bigint      NOT NULL DEFAULT 0,
    credential_epoch bigint      NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    deleted_at       timestamptz
);

CREATE TABLE users (
    id                uuid        NOT NULL PRIMARY KEY REFERENCES principals (id),
    email             text        NOT NULL,
    email_canonical   text        NOT NULL UNIQUE,
    password_hash     text,
    first_name        text        NOT NULL DEFAULT '',
    last_name         text        NOT NULL DEFAULT '',
    locale            text        NOT NULL DEFAULT '',
    email_verified_at timestamptz,
    metadata          jsonb       NOT NULL,
    erase_at          timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE INDEX users_erase ON users (erase_at) WHERE erase_at IS NOT NULL;

-- Beside the user, because a login must not write to users.
CREATE TABLE user_activity (
    user_id       uuid        NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    last_login_at timestamptz NOT NULL
);

-- Pending accounts. Several may have one address: only the proof of the mailbox decides which becomes the user.
CREATE TABLE registrations (
    id              uuid        NOT NULL PRIMARY KEY,
    user_id         uuid        NOT NULL,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    password_hash   text,
    first_name      text        NOT NULL DEFAULT '',
    last_name       text        NOT NULL DEFAULT '',
    locale          text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX registrations_address ON registrations (email_canonical, created_at);
CREATE INDEX registrations_expiry ON registrations (expires_at);

-- Identities at providers. The address is never a key: providers reuse and reassign them.
CREATE TABLE identities (
    id             uuid        NOT NULL PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider       text        NOT NULL,
    subject        text        NOT NULL,
    email          text        NOT NULL DEFAULT '',
    email_verified boolean     NOT NULL DEFAULT FALSE,
    created_at     timestamptz NOT NULL,
    last_login_at  timestamptz,
    UNIQUE (provider, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- Runs of failed logins, by a MAC of the address: the table names nobody.
CREATE TABLE login_failures (
    key          bytea       NOT NULL PRIMARY KEY,
    failures     bigint      NOT NULL,
    locks        bigint      NOT NULL,
    locked_until timestamptz,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX login_failures_age ON login_failures (updated_at);
