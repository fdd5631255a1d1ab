-- Every account, when it joined, and when its live feed was made (NULL where it has none), by the
-- index (user_id, score): a look-up an account. A time that is infinite is NULL too.
SELECT u.id,
       CASE WHEN isfinite(u.created_at) THEN floor(extract(epoch FROM u.created_at))::bigint END,
       (
           SELECT floor(extract(epoch FROM r.generated_at))::bigint
           FROM user_recommendation AS r
           WHERE r.user_id = u.id AND r.expires_at > %(now)s
           ORDER BY r.score DESC
           LIMIT 1
       )
FROM "user" AS u
