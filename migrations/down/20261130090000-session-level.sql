ALTER TABLE sessions DROP COLUMN level;
