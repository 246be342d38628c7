-- What Haven keeps, part 11: letters whose minute must join nobody (S-3).

-- A letter about a report that hides who told keeps whole hours only.
ALTER TABLE letters ADD COLUMN coarse BOOLEAN NOT NULL DEFAULT FALSE;
-- And it leaves with the next round of letters, unless somebody is not safe now.
ALTER TABLE letters ADD COLUMN in_round BOOLEAN NOT NULL DEFAULT FALSE;
