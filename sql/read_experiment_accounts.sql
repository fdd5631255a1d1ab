-- The accounts and the group in which the app serves them; null where the column does not exist.
SELECT u.id, u.email, to_jsonb(u) ->> 'experiment_group' AS experiment_group
FROM "user" u
ORDER BY u.id COLLATE "C"
