-- What the app would find of one generation, and whether it keeps the table's rules.
SELECT
    count(*) AS rows,
    count(DISTINCT r.user_id) AS users,
    count(*) FILTER (WHERE r.expires_at <> %(expires_at)s) AS wrong_ttl,
    count(*) FILTER (WHERE NOT (r.score >= 0 AND r.score <= 1)) AS wrong_score,
    count(*) FILTER (WHERE p.original_post_id IS NOT NULL OR p.user_id = r.user_id) AS wrong_post,
    (
        SELECT count(*)
        FROM (
            SELECT user_id
            FROM user_recommendation
            WHERE expires_at > %(now)s
            GROUP BY user_id
            HAVING min(generated_at) <> max(generated_at)
        ) AS mixed
    ) AS mixed_users
FROM user_recommendation AS r
JOIN post AS p ON p.id = r.post_id
WHERE r.generated_at = %(generated_at)s
