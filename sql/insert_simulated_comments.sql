-- Comments on posts that still stand; a retry adds nothing.
INSERT INTO comment (id, user_id, post_id, content, created_at, updated_at)
SELECT a.id, a.user_id, a.post_id, a.content, a.created_at, a.created_at
FROM unnest(
    %(id)s::text[], %(user_id)s::text[], %(post_id)s::text[], %(created_at)s::timestamp[], %(content)s::text[]
) AS a (id, user_id, post_id, created_at, content)
JOIN "user" AS u ON u.id = a.user_id
JOIN post AS p ON p.id = a.post_id
ORDER BY a.user_id, a.post_id
FOR KEY SHARE OF u, p
ON CONFLICT (id) DO NOTHING
