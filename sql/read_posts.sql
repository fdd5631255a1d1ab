-- Posts of the snapshot; one that is dated by an infinity is counted apart (sql/count_undated_posts.sql).
SELECT id,
       hashtextextended(id, %(seed)s),
       hashtextextended(user_id, %(seed)s),
       hashtextextended(original_post_id, %(seed)s),
       floor(extract(epoch FROM created_at))::bigint,
       content
FROM post
WHERE created_at <= %(as_of)s AND isfinite(created_at)
ORDER BY id COLLATE "C"
