-- Adds the accounts of the temporary table that nothing stands in the way of: of a unique key that a
-- person holds, whichever it is, this account is not made.
INSERT INTO "user" (id, email, username, name, display_name, bio, created_at, updated_at)
SELECT id, email, username, name, display_name, bio, created_at, updated_at
FROM pg_temp.stage_account
ON CONFLICT DO NOTHING
