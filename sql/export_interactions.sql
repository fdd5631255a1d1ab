-- Interactions of a window, with who and a little of what, in the order in which they happened.
SELECT
    i.id,
    i.created_at,
    i.user_id,
    u.username,
    i.post_id,
    left(p.content, 200) AS post,
    i.interaction_type,
    i.metadata::text AS metadata
FROM user_interaction AS i
JOIN "user" AS u ON u.id = i.user_id
JOIN post AS p ON p.id = i.post_id
WHERE
    i.created_at >= %(since)s
    AND i.created_at < %(until)s
    AND NOT (i.user_id = ANY(%(excluded)s))
ORDER BY i.created_at, i.id
