-- transaction: none
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_service;
CREATE INDEX CONCURRENTLY app_tokens_service ON app_tokens (service_id, created_at);
DROP INDEX CONCURRENTLY IF EXISTS assignments_role;
CREATE INDEX CONCURRENTLY assignments_role ON assignments (role_id);
DROP INDEX CONCURRENTLY IF EXISTS services_newest;
DROP INDEX CONCURRENTLY IF EXISTS services_deleted;
DROP INDEX CONCURRENTLY IF EXISTS roles_name_folded;
DROP INDEX CONCURRENTLY IF EXISTS roles_newest;
DROP INDEX CONCURRENTLY IF EXISTS roles_deleted;
DROP INDEX CONCURRENTLY IF EXISTS permissions_newest;
DROP INDEX CONCURRENTLY IF EXISTS permissions_all_newest;
DROP INDEX CONCURRENTLY IF EXISTS assignments_held;
DROP INDEX CONCURRENTLY IF EXISTS assignments_holders;
DROP INDEX CONCURRENTLY IF EXISTS assignments_newest;
DROP INDEX CONCURRENTLY IF EXISTS assignments_ends;
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_newest;
DROP INDEX CONCURRENTLY IF EXISTS app_tokens_over;
DROP INDEX CONCURRENTLY IF EXISTS principals_disabled;
DROP INDEX CONCURRENTLY IF EXISTS permissions_prefix;
DROP INDEX CONCURRENTLY IF EXISTS users_first_name_prefix;
DROP INDEX CONCURRENTLY IF EXISTS users_last_name_prefix;
-- dialect: postgres
DROP INDEX CONCURRENTLY IF EXISTS users_email_prefix;
-- dialect: any
