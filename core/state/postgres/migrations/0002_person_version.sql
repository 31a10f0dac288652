-- Whoever learns of two states of a person in the wrong order keeps the newer one.

ALTER TABLE people ADD COLUMN version bigint NOT NULL DEFAULT 1;
COMMENT ON COLUMN people.version IS 'Rises by one with every change of the row.';
