-- Writes the groups of the enrolled where they differ; a row that is right is not touched.
UPDATE "user" u
SET experiment_group = a.experiment_group
FROM unnest(%(ids)s::text[], %(groups)s::text[]) AS a (id, experiment_group)
WHERE u.id = a.id AND u.experiment_group IS DISTINCT FROM a.experiment_group
