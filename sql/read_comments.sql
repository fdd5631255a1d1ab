SELECT hashtextextended(user_id, %(seed)s), hashtextextended(post_id, %(seed)s), created_at
FROM comment
WHERE created_at <= %(as_of)s OR created_at = 'infinity'
