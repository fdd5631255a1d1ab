-- Who has live rows, and whether any of them is of a newer generation, which stays.
SELECT user_id, bool_or(generated_at > %(generated_at)s) AS newer
FROM user_recommendation
WHERE expires_at > %(now)s
GROUP BY user_id
ORDER BY user_id COLLATE "C"
