-- A feed as the app reads it: live rows only, best first, with the post and its author.
SELECT p.id, coalesce(a.display_name, a.username) AS author, p.content, p.created_at, r.score, r.generated_at
FROM user_recommendation AS r
JOIN post AS p ON p.id = r.post_id
JOIN "user" AS a ON a.id = p.user_id
WHERE r.user_id = %(user_id)s AND r.expires_at > %(now)s
ORDER BY r.score DESC
LIMIT %(limit)s
