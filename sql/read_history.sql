-- The posts that a user met last, with the strongest thing that the user did with each.
SELECT p.id, coalesce(a.display_name, a.username) AS author, p.content, h.at, h.action
FROM (
    SELECT DISTINCT ON (post_id) post_id, interaction_type AS action, created_at AS at
    FROM user_interaction
    WHERE user_id = %(user_id)s AND interaction_type IN ('view', 'click', 'like', 'share')
    ORDER BY
        post_id,
        array_position(ARRAY['share', 'like', 'click', 'view'], interaction_type),
        created_at DESC
) AS h
JOIN post AS p ON p.id = h.post_id
JOIN "user" AS a ON a.id = p.user_id
ORDER BY h.at DESC
LIMIT %(limit)s
