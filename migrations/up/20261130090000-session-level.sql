-- How strongly the login was proved: 1 to 3; 0 where a release wrote it that knew no levels, read as 1.
ALTER TABLE sessions ADD COLUMN level smallint NOT NULL DEFAULT 0;
