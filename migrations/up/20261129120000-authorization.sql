-- What authorization keeps beyond the first schema. Statements of the release before name their columns, so it serves beside this.
-- managed_by is the owner of a manifest, null for rows made by hand.
ALTER TABLE services ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE services ADD COLUMN activated_at timestamptz;
ALTER TABLE services ADD COLUMN managed_by text;

-- Names are unique as the application folds them. A deleted role keeps its row until its assignments are purged.
ALTER TABLE roles ADD COLUMN name_folded text;
ALTER TABLE roles ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE roles ADD COLUMN deleted_at timestamptz;
ALTER TABLE roles ADD COLUMN managed_by text;
UPDATE roles SET name_folded = lower(name);

ALTER TABLE permissions ADD COLUMN managed_by text;

-- The service of the role, so that grants at one service are found without reading the roles of all others. The release
-- before writes none and assigns roles of the platform only.
ALTER TABLE assignments ADD COLUMN service_id uuid NOT NULL DEFAULT '00000000-0000-4000-8000-000000000001';
ALTER TABLE assignments ADD COLUMN managed_by text;

-- When and from where each secret was used last. No foreign key: a purged secret must not void a flush of many.
CREATE TABLE token_use (
    secret_id    uuid        NOT NULL PRIMARY KEY,
    token_id     uuid        NOT NULL,
    use_count    bigint      NOT NULL,
    last_used_at timestamptz NOT NULL,
    last_used_ip text        NOT NULL DEFAULT ''
);
CREATE INDEX token_use_token ON token_use (token_id);

-- Clients look for the platform by this name.
UPDATE services SET name = 'auth_service', name_folded = 'auth_service' WHERE id = '00000000-0000-4000-8000-000000000001';
