SELECT hashtextextended(user_id, %(seed)s), hashtextextended(post_id, %(seed)s), created_at
FROM "like"
WHERE created_at <= %(as_of)s OR created_at = 'infinity'
