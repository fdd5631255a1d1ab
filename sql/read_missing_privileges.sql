-- What features need and the role of this connection lacks: one row a table and privilege.
-- columns NULL: every column of the table. SELECT ... FOR KEY SHARE, which keeps a deletion from
-- costing more than its own rows, needs UPDATE on any one column: LOCK.
WITH needed (feature, table_name, privilege, columns) AS (
    VALUES ('night', 'user', 'SELECT', NULL::text []),
    ('night', 'post', 'SELECT', NULL),
    ('night', 'like', 'SELECT', NULL),
    ('night', 'comment', 'SELECT', NULL),
    ('night', 'follow', 'SELECT', NULL),
    ('night', 'user_interaction', 'SELECT', NULL),
    ('night', 'user_recommendation', 'SELECT', NULL),
    ('night', 'user_recommendation', 'INSERT', NULL),
    ('night', 'user_recommendation', 'UPDATE', '{score,generated_at,expires_at}'),
    ('night', 'user_recommendation', 'DELETE', NULL),
    ('night', 'user', 'LOCK', '{updated_at}'),
    ('night', 'post', 'LOCK', '{updated_at}'),
    ('experiment', 'user', 'UPDATE', '{experiment_group}'),
    ('test logins', 'account', 'SELECT', '{provider,provider_account_id}'),
    ('test logins', 'account', 'INSERT', '{user_id,type,provider,provider_account_id,refresh_token,created_at,updated_at}'),
    ('test logins', 'account', 'UPDATE', '{refresh_token,updated_at}'),
    ('synthetic', 'user', 'INSERT', NULL),
    ('synthetic', 'post', 'INSERT', NULL),
    ('synthetic', 'like', 'INSERT', NULL),
    ('synthetic', 'comment', 'INSERT', NULL),
    ('synthetic', 'follow', 'INSERT', NULL),
    ('synthetic', 'user_interaction', 'INSERT', NULL),
    ('synthetic', 'user', 'DELETE', NULL),
    ('synthetic', 'post', 'DELETE', NULL),
    ('synthetic', 'like', 'DELETE', NULL),
    ('synthetic', 'comment', 'DELETE', NULL),
    ('synthetic', 'follow', 'DELETE', NULL),
    ('synthetic', 'user_interaction', 'DELETE', NULL),
    ('synthetic', 'account', 'SELECT', '{user_id}'),
    ('synthetic', 'account', 'DELETE', NULL)
),

found AS (
    SELECT n.*, c.oid AS relation, replace(n.privilege, 'LOCK', 'UPDATE') AS granted
    FROM needed AS n
    JOIN pg_class AS c ON c.relname = n.table_name AND c.relnamespace = quote_ident(current_schema())::regnamespace
    WHERE n.feature = ANY (%(features)s)
),

lacking AS (
    SELECT f.feature, f.relation, f.table_name, f.granted, f.columns IS NULL AS whole, ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a
        WHERE a.attrelid = f.relation AND a.attnum > 0 AND NOT a.attisdropped
        AND (f.columns IS NULL OR a.attname = ANY (f.columns))
        AND NOT has_column_privilege(f.relation, a.attnum, f.granted)
        ORDER BY a.attnum
    ) AS columns
    FROM found AS f
    WHERE f.privilege IN ('SELECT', 'INSERT', 'UPDATE')
    UNION ALL
    SELECT f.feature, f.relation, f.table_name, f.granted, TRUE, '{}'
    FROM found AS f
    WHERE f.privilege = 'DELETE' AND NOT has_table_privilege(f.relation, 'DELETE')
    UNION ALL
    SELECT f.feature, f.relation, f.table_name, f.granted, FALSE, f.columns
    FROM found AS f
    WHERE f.privilege = 'LOCK' AND NOT has_any_column_privilege(f.relation, 'UPDATE')
),

named AS (
    SELECT *, CASE
        WHEN l.granted = 'DELETE' THEN 'DELETE'
        -- A grant for the table as a whole is what roles.sql makes; its columns are named where some are granted.
        WHEN l.whole AND NOT has_any_column_privilege(l.relation, l.granted) THEN l.granted
        ELSE l.granted || ' (' || (SELECT string_agg(quote_ident(c), ', ') FROM unnest(l.columns) AS c) || ')'
    END AS what
    FROM lacking AS l
    WHERE l.granted = 'DELETE' OR l.columns <> '{}'
)

SELECT
    current_user AS role,
    n.feature,
    n.table_name,
    n.what,
    format('GRANT %%s ON %%I TO %%I', n.what, n.table_name, current_user) AS remedy
FROM named AS n
UNION ALL
SELECT
    current_user,
    'night',
    'user_recommendation',
    'TEMPORARY on the database',
    format('GRANT TEMPORARY ON DATABASE %%I TO %%I', current_database(), current_user)
WHERE 'night' = ANY (%(features)s) AND NOT has_database_privilege(current_database(), 'TEMPORARY')
