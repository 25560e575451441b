-- dialect: postgres
DROP TRIGGER session_without_level ON sessions;
DROP FUNCTION refuse_session_without_level();
