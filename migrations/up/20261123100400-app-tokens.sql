CREATE TABLE app_tokens (
    id         uuid        NOT NULL PRIMARY KEY,
    service_id uuid        NOT NULL REFERENCES services (id),
    name       text        NOT NULL,
    scopes     jsonb       NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX app_tokens_service ON app_tokens (service_id, created_at);

-- During a rotation two secrets are live.
CREATE TABLE app_token_secrets (
    id         uuid        NOT NULL PRIMARY KEY,
    token_id   uuid        NOT NULL REFERENCES app_tokens (id) ON DELETE CASCADE,
    hash       bytea       NOT NULL UNIQUE,
    prefix     text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX app_token_secrets_token ON app_token_secrets (token_id);

-- Use by the hour. Whole months are dropped at their age; the default partition takes rows of months without a partition.
CREATE TABLE usage_hours (
    token_id     uuid        NOT NULL,
    hour         timestamptz NOT NULL,
    use_count    bigint      NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (token_id, hour)
-- dialect: sqlite
);
-- dialect: postgres
) PARTITION BY RANGE (hour);
CREATE TABLE usage_hours_default PARTITION OF usage_hours DEFAULT;
DO $$
DECLARE
    month timestamp;
BEGIN
    FOR month IN SELECT generate_series(timestamp '2026-11-01', timestamp '2027-12-01', interval '1 month') LOOP
        EXECUTE format('CREATE TABLE usage_hours_%s PARTITION OF usage_hours FOR VALUES FROM (%L) TO (%L)',
            to_char(month, 'YYYY_MM'), month || '+00', (month + interval '1 month') || '+00');
    END LOOP;
END
$$;
