-- The one column that the A/B test needs. The default is for the app's own inserts, which do not
-- know it. The same text is sql/prisma/migrations/add_experiment_group/migration.sql.
ALTER TABLE "user" ADD COLUMN "experiment_group" VARCHAR(20) NOT NULL DEFAULT 'control';
