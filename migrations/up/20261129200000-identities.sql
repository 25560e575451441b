-- An identity is known by its issuer, so that a provider that is renamed keeps its people. Nothing has written the table so far.
DROP TABLE identities;
CREATE TABLE identities (
    id             uuid        NOT NULL PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer         text        NOT NULL,
    subject        text        NOT NULL,
    provider       text        NOT NULL,
    email          text        NOT NULL DEFAULT '',
    email_verified boolean     NOT NULL DEFAULT FALSE,
    created_at     timestamptz NOT NULL,
    last_login_at  timestamptz,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);
