-- The sentences of each record, so that a match can quote what is near: the window that it stands in, the characters of
-- the text before it and up to its end (each int4, most significant byte first), and its vector as the windows have theirs.
-- What is stored has none, so it is computed again.
DELETE FROM meanings;
DELETE FROM meaning_position;
ALTER TABLE meanings ADD COLUMN sentences bytea NOT NULL DEFAULT '' CHECK (octet_length(sentences) % 400 = 0);
ALTER TABLE meanings ALTER COLUMN sentences SET STORAGE EXTERNAL;
