-- Replaces the rows of the staged users, in one statement and so in one snapshot:
-- pairs that are new come, pairs that stay are updated, all others of these users go.
-- A user without staged rows loses all; one of whose staged rows none can be placed keeps the old ones.
-- A pair that is there already, to the last bit, is not written at all.
-- It waits for no row lock, so that no statement of the app can be chosen as a deadlock's victim:
-- users, rows and posts that another transaction holds are skipped. A user of whom anything was
-- skipped is busy and left as they are; the caller tries them again in a transaction of its own.
WITH locked AS MATERIALIZED (
    -- The locks keep a user from being deleted under the foreign keys until the commit.
    SELECT su.n AS u, x.id AS user_id
    FROM pg_temp.stage_user su
    JOIN "user" x ON x.id = su.user_id
    ORDER BY x.id
    FOR KEY SHARE OF x SKIP LOCKED
), found AS MATERIALIZED (
    -- OFFSET 0 keeps this a look-up by index for each user, whatever the planner guesses of the
    -- temporary tables, of which it knows nothing.
    SELECT u.u, r.*
    FROM locked u
    CROSS JOIN LATERAL (
        SELECT ctid AS place, post_id, score, generated_at, expires_at
        FROM user_recommendation WHERE user_id = u.user_id OFFSET 0
        FOR UPDATE SKIP LOCKED
    ) AS r
), held AS MATERIALIZED (
    SELECT u, count(*) AS rows FROM found GROUP BY u
), busy AS MATERIALIZED (
    SELECT su.n AS u
    FROM pg_temp.stage_user su
    JOIN "user" x ON x.id = su.user_id
    LEFT JOIN locked l ON l.u = su.n
    LEFT JOIN held h ON h.u = su.n
    WHERE l.u IS NULL
       OR coalesce(h.rows, 0) <> (SELECT count(*) FROM user_recommendation r WHERE r.user_id = su.user_id)
), live AS MATERIALIZED (
    SELECT f.u, p.n AS p, f.place, f.score,
           f.generated_at > %(generated_at)s AND f.expires_at > %(now)s AS newer,
           f.generated_at = %(generated_at)s AND f.expires_at = %(expires_at)s AS current
    FROM found f
    LEFT JOIN pg_temp.stage_post p ON p.post_id = f.post_id
), newer AS MATERIALIZED (
    SELECT DISTINCT u FROM live WHERE newer
), change AS MATERIALIZED (
    SELECT coalesce(s.u, l.u) AS u, s.p, s.score, l.place,
           coalesce(l.current AND l.score = s.score, false) AS same
    FROM pg_temp.stage s
    FULL JOIN live l ON l.u = s.u AND l.p = s.p
    WHERE NOT EXISTS (SELECT FROM newer n WHERE n.u = coalesce(s.u, l.u))
      AND NOT EXISTS (SELECT FROM busy b WHERE b.u = coalesce(s.u, l.u))
), living AS MATERIALIZED (
    SELECT c.u, lu.user_id, p.id AS post_id, c.score
    FROM change c
    JOIN locked lu ON lu.u = c.u
    JOIN pg_temp.stage_post sp ON sp.n = c.p
    JOIN post p ON p.id = sp.post_id
    WHERE c.place IS NULL
    ORDER BY lu.user_id, p.id
    FOR KEY SHARE OF p SKIP LOCKED
), emptied AS MATERIALIZED (
    SELECT DISTINCT c.u FROM change c WHERE NOT EXISTS (SELECT FROM pg_temp.stage s WHERE s.u = c.u)
), served AS MATERIALIZED (
    SELECT u FROM change WHERE place IS NOT NULL AND p IS NOT NULL UNION SELECT u FROM living UNION SELECT u FROM emptied
), inserted AS (
    -- The id is a UUIDv8 (RFC 9562): the time, which keeps a shard together in the primary key, and
    -- a hash of the pair (gen_random_uuid asks the kernel each time: a fifth of all the work here).
    INSERT INTO user_recommendation AS t (id, user_id, post_id, score, generated_at, expires_at)
    SELECT %(uuid_prefix)s || substr(h, 1, 3) || '-a' || substr(h, 4, 3) || '-' || substr(h, 7, 12),
           user_id, post_id, score, %(generated_at)s, %(expires_at)s
    FROM (SELECT *, md5(user_id || ' ' || post_id) AS h FROM living) AS named
    ON CONFLICT (user_id, post_id) DO UPDATE
    SET score = excluded.score, generated_at = excluded.generated_at, expires_at = excluded.expires_at
    WHERE t.generated_at <= excluded.generated_at OR t.expires_at <= %(now)s
    RETURNING 1
), updated AS (
    UPDATE user_recommendation t
    SET score = c.score, generated_at = %(generated_at)s, expires_at = %(expires_at)s
    FROM change c
    WHERE t.ctid = c.place AND c.place IS NOT NULL AND c.p IS NOT NULL AND NOT c.same
    RETURNING 1
), deleted AS (
    DELETE FROM user_recommendation t
    USING change c
    WHERE t.ctid = c.place AND c.p IS NULL AND EXISTS (SELECT FROM served s WHERE s.u = c.u)
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) AS inserted,
       (SELECT count(*) FROM updated) AS updated,
       (SELECT count(*) FROM change WHERE same) AS unchanged,
       (SELECT count(*) FROM deleted) AS deleted,
       (SELECT count(*) FROM newer n WHERE NOT EXISTS (SELECT FROM busy b WHERE b.u = n.u)) AS users_newer,
       (SELECT count(*) FROM pg_temp.stage s JOIN newer n ON n.u = s.u
        WHERE NOT EXISTS (SELECT FROM busy b WHERE b.u = n.u)) AS rows_newer,
       (SELECT coalesce(array_agg(u), '{}') FROM busy) AS busy,
       (SELECT count(*) FROM change WHERE place IS NULL) - (SELECT count(*) FROM living) AS vanished,
       (SELECT count(*) FROM emptied) AS users_emptied
