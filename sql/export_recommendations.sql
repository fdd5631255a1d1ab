-- The live feeds, as the app would serve them.
SELECT
    r.user_id,
    u.username,
    r.post_id,
    left(p.content, 200) AS post,
    r.score,
    r.generated_at,
    r.expires_at
FROM user_recommendation AS r
JOIN "user" AS u ON u.id = r.user_id
JOIN post AS p ON p.id = r.post_id
WHERE r.expires_at > %(now)s AND NOT (r.user_id = ANY(%(excluded)s))
ORDER BY r.user_id, r.score DESC
