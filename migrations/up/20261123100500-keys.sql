-- private is sealed. One active and one next key of an algorithm, by index, so that two replicas at their first start make only one.
CREATE TABLE signing_keys (
    kid          text        NOT NULL PRIMARY KEY,
    algorithm    text        NOT NULL,
    state        text        NOT NULL,
    private      bytea       NOT NULL,
    public       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    activated_at timestamptz,
    retired_at   timestamptz,
    expires_at   timestamptz
);
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_next ON signing_keys (algorithm) WHERE state = 'next';
