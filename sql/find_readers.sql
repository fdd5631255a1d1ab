-- Accounts by email, else the given number of accounts that have live rows, in a fixed order.
SELECT u.id, u.email, u.username, to_jsonb(u) ->> 'experiment_group' AS experiment_group
FROM "user" AS u
WHERE
    u.email = ANY(%(emails)s)
    OR u.id IN (
        SELECT r.user_id
        FROM user_recommendation AS r
        JOIN "user" AS o ON o.id = r.user_id
        WHERE r.expires_at > %(now)s AND NOT (o.email = ANY(%(emails)s))
        GROUP BY r.user_id
        ORDER BY md5(r.user_id)
        LIMIT %(others)s
    )
ORDER BY array_position(%(emails)s, u.email), md5(u.id)
