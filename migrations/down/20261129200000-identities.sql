-- If two identities have the same provider name and subject, only the older one can be kept.
CREATE TABLE identities_kept AS SELECT * FROM identities;
DROP TABLE identities;
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
INSERT INTO identities (id, user_id, provider, subject, email, email_verified, created_at, last_login_at)
SELECT id, user_id, provider, subject, email, email_verified, created_at, last_login_at FROM identities_kept
WHERE TRUE ORDER BY created_at, id ON CONFLICT DO NOTHING;
DROP TABLE identities_kept;
