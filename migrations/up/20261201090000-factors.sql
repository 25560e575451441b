-- What people prove beside a password or a provider, or instead of them. session_id is the session that an unconfirmed one began in.
CREATE TABLE factors (
    id              uuid        NOT NULL PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            text        NOT NULL CHECK (kind IN ('totp', 'passkey', 'security_key')),
    name            text        NOT NULL DEFAULT '',
    session_id      uuid,
    secret          bytea,
    last_step       bigint      NOT NULL DEFAULT 0,
    credential_id   bytea       UNIQUE,
    public_key      bytea,
    rp_id           text        NOT NULL DEFAULT '',
    sign_count      bigint      NOT NULL DEFAULT 0,
    transports      jsonb,
    backup_eligible boolean     NOT NULL DEFAULT FALSE,
    backed_up       boolean     NOT NULL DEFAULT FALSE,
    created_at      timestamptz NOT NULL,
    confirmed_at    timestamptz,
    last_used_at    timestamptz,
    suspended_at    timestamptz,
    CHECK ((kind = 'totp') = (secret IS NOT NULL)),
    CHECK ((kind = 'totp') = (credential_id IS NULL)),
    CHECK ((credential_id IS NULL) = (public_key IS NULL))
);
CREATE INDEX factors_user ON factors (user_id);
CREATE INDEX factors_unconfirmed ON factors (created_at) WHERE confirmed_at IS NULL;

CREATE TABLE recovery_codes (
    id         uuid        NOT NULL PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       bytea       NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);
