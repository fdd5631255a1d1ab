-- Interactions of accounts and posts that still stand. A like is told only where this act gave it:
-- the row in "like" has its id. A retry adds nothing.
INSERT INTO user_interaction (id, user_id, post_id, interaction_type, metadata, created_at)
SELECT a.id, a.user_id, a.post_id, a.kind, a.metadata::jsonb, a.created_at
FROM unnest(
    %(id)s::text[], %(user_id)s::text[], %(post_id)s::text[], %(created_at)s::timestamp[],
    %(kind)s::text[], %(metadata)s::text[]
) AS a (id, user_id, post_id, created_at, kind, metadata)
JOIN "user" AS u ON u.id = a.user_id
JOIN post AS p ON p.id = a.post_id
WHERE a.kind <> 'like' OR EXISTS (SELECT FROM "like" AS l WHERE l.id = a.id)
ORDER BY a.user_id, a.post_id, a.created_at, a.id
FOR KEY SHARE OF u, p
ON CONFLICT (id) DO NOTHING
