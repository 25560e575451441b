-- A service's account is the principal of the same id. name_folded is the name in lower case as the application folds it:
-- lower() only folds ASCII on SQLite. A key outlives its service, so that tokens of a deleted one never fit a new one.
CREATE TABLE services (
    id          uuid        NOT NULL PRIMARY KEY REFERENCES principals (id),
    key         text        NOT NULL UNIQUE,
    name        text        NOT NULL,
    name_folded text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    state       text        NOT NULL,
    token_type  text        NOT NULL,
    pv          bigint      NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    deleted_at  timestamptz
);
CREATE UNIQUE INDEX services_name ON services (name_folded) WHERE deleted_at IS NULL;

-- Without a service: the vocabulary that all services share.
CREATE TABLE permissions (
    id          uuid        NOT NULL PRIMARY KEY,
    service_id  uuid        REFERENCES services (id),
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX permissions_own ON permissions (service_id, name) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX permissions_shared ON permissions (name) WHERE service_id IS NULL;

CREATE TABLE roles (
    id          uuid        NOT NULL PRIMARY KEY,
    service_id  uuid        NOT NULL REFERENCES services (id),
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    is_system   boolean     NOT NULL DEFAULT FALSE,
    is_default  boolean     NOT NULL DEFAULT FALSE,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (service_id, name)
);

-- Patterns, not names, so that "*" includes permissions that are added later.
CREATE TABLE role_permissions (
    role_id uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    pattern text NOT NULL,
    PRIMARY KEY (role_id, pattern)
);

CREATE TABLE role_includes (
    role_id     uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    included_id uuid NOT NULL REFERENCES roles (id),
    PRIMARY KEY (role_id, included_id)
);
CREATE INDEX role_includes_included ON role_includes (included_id);

CREATE TABLE assignments (
    id           uuid        NOT NULL PRIMARY KEY,
    principal_id uuid        NOT NULL REFERENCES principals (id),
    role_id      uuid        NOT NULL REFERENCES roles (id),
    granted_by   uuid,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    UNIQUE (principal_id, role_id)
);
CREATE INDEX assignments_role ON assignments (role_id);
