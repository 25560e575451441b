ALTER TABLE roles DROP COLUMN min_level;
ALTER TABLE services DROP COLUMN min_level;
