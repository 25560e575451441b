DROP TABLE assignments;
DROP TABLE role_includes;
DROP TABLE role_permissions;
DROP TABLE roles;
DROP TABLE permissions;
DROP TABLE services;
