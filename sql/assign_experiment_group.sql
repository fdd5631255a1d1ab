-- Writes the group of one account, and waits for whoever holds the row.
UPDATE "user"
SET experiment_group = %(group)s
WHERE id = %(id)s AND experiment_group IS DISTINCT FROM %(group)s
