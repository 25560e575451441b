DROP TABLE refresh_families;
DROP TABLE sessions;
DROP TABLE clients;
