-- Pairs that a person saw, liked, commented or reposted since an instant (an undated row counts).
SELECT user_id, post_id FROM user_interaction WHERE created_at >= %(since)s
UNION
SELECT user_id, post_id FROM "like" WHERE created_at >= %(since)s
UNION
SELECT user_id, post_id FROM comment WHERE created_at >= %(since)s
UNION
SELECT user_id, original_post_id FROM post WHERE created_at >= %(since)s AND original_post_id IS NOT NULL
