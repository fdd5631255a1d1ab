-- Likes of accounts and posts that still stand; once a pair.
INSERT INTO "like" (id, user_id, post_id, created_at)
SELECT a.id, a.user_id, a.post_id, a.created_at
FROM unnest(%(id)s::text[], %(user_id)s::text[], %(post_id)s::text[], %(created_at)s::timestamp[])
    AS a (id, user_id, post_id, created_at)
JOIN "user" AS u ON u.id = a.user_id
JOIN post AS p ON p.id = a.post_id
ORDER BY a.user_id, a.post_id
FOR KEY SHARE OF u, p
ON CONFLICT DO NOTHING
