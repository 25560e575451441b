-- What a change means to access tokens: 'ended', 'stale', '' for nothing; NULL where a release wrote it that knew no facts.
ALTER TABLE changes ADD COLUMN fact text;
