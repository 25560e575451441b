-- Signet itself as a service: the ids are those of domain/platform.go, the same in every deployment. Its roles and permissions
-- change with releases, so the migrator puts them there from that file.
INSERT INTO principals (id, kind, state, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 'service_account', 'active', '2026-11-01 00:00:00+00:00', '2026-11-01 00:00:00+00:00');

INSERT INTO services (id, key, name, name_folded, description, state, token_type, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 'auth_service', 'Signet', 'signet', 'The platform itself', 'active', 'at+jwt', '2026-11-01 00:00:00+00:00', '2026-11-01 00:00:00+00:00');

INSERT INTO clients (id, key, name, created_at) VALUES
    ('00000000-0000-4000-8000-000000000002', 'signet', 'Signet', '2026-11-01 00:00:00+00:00');
