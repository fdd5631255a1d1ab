-- Writes the groups of the enrolled where they differ; a row that is right is not touched. Rows that
-- another transaction holds are skipped, so that this statement never waits: no statement of the app
-- can be chosen as a deadlock's victim. The caller tries them again, one in a transaction.
WITH differing AS MATERIALIZED (
    SELECT u.id, a.experiment_group
    FROM "user" u
    JOIN unnest(%(ids)s::text[], %(groups)s::text[]) AS a (id, experiment_group) ON a.id = u.id
    WHERE u.experiment_group IS DISTINCT FROM a.experiment_group
), locked AS MATERIALIZED (
    SELECT u.id
    FROM "user" u
    WHERE u.id IN (SELECT id FROM differing)
    ORDER BY u.id
    FOR NO KEY UPDATE SKIP LOCKED
), written AS (
    UPDATE "user" u
    SET experiment_group = d.experiment_group
    FROM differing d
    JOIN locked l ON l.id = d.id
    WHERE u.id = d.id
    RETURNING u.id
)
SELECT (SELECT count(*) FROM written),
       coalesce(array_agg(id) FILTER (WHERE id NOT IN (SELECT id FROM written)), '{}')
FROM differing
