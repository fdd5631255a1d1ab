-- What these accounts are served: for treatment, and for everyone where the app has no experiment, the
-- live rows, best first; for all of them recent posts in an order of chance.
-- met: whether the account has acted on the post before, by an interaction, a like or a comment.
WITH reader AS (
    SELECT u.id, to_jsonb(u) ->> 'experiment_group' AS experiment_group
    FROM "user" AS u
    WHERE u.id = ANY(%(ids)s)
),
served AS (
    SELECT reader.id AS user_id, live.post_id, live.place, TRUE AS recommended
    FROM reader
    CROSS JOIN LATERAL (
        SELECT r.post_id, row_number() OVER (ORDER BY r.score DESC) AS place
        FROM user_recommendation AS r
        WHERE r.user_id = reader.id AND r.expires_at > %(now)s
        ORDER BY r.score DESC
        LIMIT %(limit)s
    ) AS live
    WHERE reader.experiment_group IS DISTINCT FROM 'control'
),
recent AS MATERIALIZED (
    SELECT p.id, p.user_id
    FROM post AS p
    WHERE p.original_post_id IS NULL AND p.created_at <= %(before)s
    ORDER BY p.created_at DESC, p.id
    LIMIT %(recent)s
),
drawn AS (
    SELECT reader.id AS user_id, chance.post_id, chance.place, FALSE AS recommended
    FROM reader
    CROSS JOIN LATERAL (
        SELECT recent.id AS post_id, row_number() OVER (ORDER BY md5(recent.id || reader.id || %(salt)s)) AS place
        FROM recent
        WHERE recent.user_id <> reader.id
        ORDER BY place
    ) AS chance
),
feed AS (
    SELECT * FROM served UNION ALL SELECT * FROM drawn
)
SELECT
    feed.user_id,
    feed.recommended,
    p.id,
    p.user_id AS author_id,
    p.content,
    EXISTS (SELECT FROM user_interaction AS i WHERE i.post_id = p.id AND i.user_id = feed.user_id)
    OR EXISTS (SELECT FROM "like" AS l WHERE l.post_id = p.id AND l.user_id = feed.user_id)
    OR EXISTS (SELECT FROM comment AS c WHERE c.post_id = p.id AND c.user_id = feed.user_id) AS met
FROM feed
JOIN post AS p ON p.id = feed.post_id
ORDER BY feed.user_id, feed.recommended DESC, feed.place
