-- The least that the pipeline needs on the app's tables. Run by the tables' owner (who may create
-- roles), as often as one likes:
--   eval "$(threads-pipelines env --psql)"; psql --single-transaction -v ON_ERROR_STOP=1 -f sql/roles.sql
-- Then give a login one of the two:  CREATE ROLE pipeline LOGIN PASSWORD '...' IN ROLE threads_nightly;
--
-- threads_nightly    the night on the app's own database: reads, and writes user_recommendation.
-- threads_synthetic  makes and removes synthetic accounts as well; never grant it in production.
--
-- Neither can read the accounts' tokens, change a table's shape, truncate, or create a table.
DO $$
BEGIN
    IF to_regrole('threads_nightly') IS NULL THEN CREATE ROLE threads_nightly NOLOGIN; END IF;
    IF to_regrole('threads_synthetic') IS NULL THEN CREATE ROLE threads_synthetic NOLOGIN; END IF;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO threads_nightly', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO threads_nightly', current_schema());
    -- So that VACUUM after a publish is not skipped; before PostgreSQL 17 autovacuum has to do.
    IF current_setting('server_version_num')::int >= 170000 THEN
        GRANT MAINTAIN ON user_recommendation TO threads_nightly;
    END IF;
    IF EXISTS (SELECT FROM information_schema.columns
               WHERE table_schema = current_schema() AND table_name = 'user' AND column_name = 'experiment_group') THEN
        GRANT UPDATE (experiment_group) ON "user" TO threads_nightly;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_auth_members
                   WHERE roleid = to_regrole('threads_nightly') AND member = to_regrole('threads_synthetic')) THEN
        GRANT threads_nightly TO threads_synthetic;
    END IF;
END $$;

GRANT SELECT ON "user", post, "like", comment, follow, user_interaction TO threads_nightly;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_recommendation TO threads_nightly;
-- SELECT ... FOR KEY SHARE, which keeps a deletion from costing more than its own rows, needs UPDATE
-- on one column; nothing writes it.
GRANT UPDATE (updated_at) ON "user", post TO threads_nightly;

GRANT INSERT, DELETE ON "user", post, "like", comment, follow, user_interaction TO threads_synthetic;
-- The logins of the two test accounts: written and removed; a token or a hash is never read.
GRANT SELECT (user_id, provider, provider_account_id), INSERT, UPDATE (refresh_token, updated_at), DELETE
    ON account TO threads_synthetic;
