-- Takes the accounts that are there off the list: the same id with the same email is this project's.
DELETE FROM pg_temp.stage_account AS s
USING "user" AS u
WHERE u.id = s.id AND u.email = s.email
RETURNING s.id, s.username
