-- From which level on a role counts, and all roles of a service: 1 to 3, 1 is every one. A release before this one counts them at any.
ALTER TABLE services ADD COLUMN min_level smallint NOT NULL DEFAULT 1;
ALTER TABLE roles ADD COLUMN min_level smallint NOT NULL DEFAULT 1;
