-- Posts of accounts that still stand; a retry adds nothing.
INSERT INTO post (id, user_id, content, media_urls, created_at, updated_at)
SELECT w.id, w.user_id, w.content, '{}', %(now)s, %(now)s
FROM unnest(%(id)s::text[], %(user_id)s::text[], %(content)s::text[]) AS w (id, user_id, content)
JOIN "user" AS u ON u.id = w.user_id
ORDER BY w.user_id, w.id
FOR KEY SHARE OF u
ON CONFLICT (id) DO NOTHING
