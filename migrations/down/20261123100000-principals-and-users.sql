DROP TABLE login_failures;
DROP TABLE identities;
DROP TABLE registrations;
DROP TABLE user_activity;
DROP TABLE users;
DROP TABLE principals;
