-- A feed of chance, as the app serves it to the control group; the salt makes it repeatable.
SELECT p.id, coalesce(a.display_name, a.username) AS author, p.content, p.created_at, NULL AS score
FROM post AS p
JOIN "user" AS a ON a.id = p.user_id
WHERE p.original_post_id IS NULL AND p.user_id <> %(user_id)s AND p.created_at <= %(now)s
ORDER BY md5(p.id || %(salt)s)
LIMIT %(limit)s
