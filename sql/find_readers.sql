-- Accounts by id, then the given number of accounts that have live rows, in a fixed order.
SELECT u.id, u.email, u.username, to_jsonb(u) ->> 'experiment_group' AS experiment_group
FROM "user" AS u
WHERE
    u.id = ANY(%(ids)s)
    OR u.id IN (
        SELECT r.user_id
        FROM user_recommendation AS r
        WHERE r.expires_at > %(now)s AND NOT (r.user_id = ANY(%(ids)s))
        GROUP BY r.user_id
        ORDER BY md5(r.user_id)
        LIMIT %(others)s
    )
ORDER BY array_position(%(ids)s, u.id), md5(u.id)
