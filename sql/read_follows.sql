SELECT hashtextextended(follower_id, %(seed)s), hashtextextended(following_id, %(seed)s), created_at
FROM follow
WHERE created_at <= %(as_of)s OR created_at = 'infinity'
