-- One-time secrets, whatever they are for. The subject is the id of a registration or a user: no key says which.
CREATE TABLE flows (
    id              uuid        NOT NULL PRIMARY KEY,
    purpose         text        NOT NULL,
    secret_hash     bytea       NOT NULL UNIQUE,
    code_hash       bytea,
    subject         text        NOT NULL,
    address         text        NOT NULL DEFAULT '',
    payload         bytea,
    tries           bigint      NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    code_expires_at timestamptz,
    expires_at      timestamptz NOT NULL,
    consumed_at     timestamptz
);
CREATE INDEX flows_address ON flows (address, purpose) WHERE consumed_at IS NULL;
CREATE INDEX flows_subject ON flows (subject, purpose);
CREATE INDEX flows_expiry ON flows (expires_at);
