-- A release that knows no factors would let people in who have one by their password alone. It writes sessions without a level, so
-- while it serves beside this one during a rollout, such sessions are refused; it tries again and then answers 503. The next migration drops
-- this. SQLite has one process, so there is no release beside.
-- dialect: postgres
SET LOCAL lock_timeout = '5s';
CREATE FUNCTION refuse_session_without_level() RETURNS trigger LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM factors WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a release without second factors tried to begin a session' USING ERRCODE = '40001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER session_without_level BEFORE INSERT ON sessions FOR EACH ROW WHEN (NEW.level = 0)
EXECUTE FUNCTION refuse_session_without_level();
