-- transaction: none
-- The tables are in use: each index is built beside their readers and writers. An interrupted build leaves an index that
-- nobody uses, hence the DROP before each. SQLite has no CONCURRENTLY and needs none: it is left out there.
DROP INDEX CONCURRENTLY IF EXISTS services_newest;
CREATE INDEX CONCURRENTLY services_newest ON services (created_at, id) WHERE deleted_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS services_deleted;
CREATE INDEX CONCURRENTLY services_deleted ON services (deleted_at) WHERE deleted_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS roles_name_folded;
CREATE UNIQUE INDEX CONCURRENTLY roles_name_folded ON roles (service_id, name_folded);
DROP INDEX CONCURRENTLY IF EXISTS roles_newest;
CREATE INDEX CONCURRENTLY roles_newest ON roles (service_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS roles_deleted;
CREATE INDEX CONCURRENTLY roles_deleted ON roles (deleted_at) WHERE deleted_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS permissions_newest;
CREATE INDEX CONCURRENTLY permissions_newest ON permissions (service_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS permissions_all_newest;
CREATE INDEX CONCURRENTLY permissions_all_newest ON permissions (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS assignments_held;
CREATE INDEX CONCURRENTLY assignments_held ON assignments (principal_id, service_id);
DROP INDEX CONCURRENTLY IF EXISTS assignments_holders;
CREATE INDEX CONCURRENTLY assignments_holders ON assignments (role_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS assignments_newest;
CREATE INDEX CONCURRENTLY assignments_newest ON assignments (service_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS assignments_ends;
CREATE INDEX CONCURRENTLY assignments_ends ON assignments (expires_at) WHERE expires_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_newest;
CREATE INDEX CONCURRENTLY app_tokens_newest ON app_tokens (service_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_over;
CREATE INDEX CONCURRENTLY app_tokens_over ON app_tokens (COALESCE(revoked_at, expires_at));
DROP INDEX CONCURRENTLY IF EXISTS principals_disabled;
CREATE INDEX CONCURRENTLY principals_disabled ON principals (created_at, id) WHERE state = 'disabled';

-- Search by a prefix of a name: LIKE on Postgres, a range on SQLite.
-- dialect: postgres
DROP INDEX CONCURRENTLY IF EXISTS permissions_prefix;
CREATE INDEX CONCURRENTLY permissions_prefix ON permissions (name text_pattern_ops);
DROP INDEX CONCURRENTLY IF EXISTS users_email_prefix;
CREATE INDEX CONCURRENTLY users_email_prefix ON users (email_canonical text_pattern_ops);
DROP INDEX CONCURRENTLY IF EXISTS users_first_name_prefix;
CREATE INDEX CONCURRENTLY users_first_name_prefix ON users (lower(first_name) text_pattern_ops);
DROP INDEX CONCURRENTLY IF EXISTS users_last_name_prefix;
CREATE INDEX CONCURRENTLY users_last_name_prefix ON users (lower(last_name) text_pattern_ops);
-- dialect: sqlite
DROP INDEX CONCURRENTLY IF EXISTS permissions_prefix;
CREATE INDEX CONCURRENTLY permissions_prefix ON permissions (name);
DROP INDEX CONCURRENTLY IF EXISTS users_first_name_prefix;
CREATE INDEX CONCURRENTLY users_first_name_prefix ON users (lower(first_name));
DROP INDEX CONCURRENTLY IF EXISTS users_last_name_prefix;
CREATE INDEX CONCURRENTLY users_last_name_prefix ON users (lower(last_name));
-- dialect: any

-- Indexes that the new ones replace.
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_service;
DROP INDEX CONCURRENTLY IF EXISTS assignments_role;
