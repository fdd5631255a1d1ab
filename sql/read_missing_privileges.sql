-- What reading and publishing need and the role of this connection lacks.
-- FOR KEY SHARE, which keeps a deletion from costing more than its own rows, needs UPDATE on a column.
SELECT table_name, privilege,
       format('GRANT %s ON %I TO %I', replace(privilege, 'UPDATE of a column', 'UPDATE (updated_at)'), table_name, current_user)
FROM (VALUES ('user', 'SELECT'), ('post', 'SELECT'), ('like', 'SELECT'), ('comment', 'SELECT'),
             ('follow', 'SELECT'), ('user_interaction', 'SELECT'), ('user_recommendation', 'SELECT'),
             ('user_recommendation', 'INSERT'), ('user_recommendation', 'UPDATE'), ('user_recommendation', 'DELETE'),
             ('user', 'UPDATE of a column'), ('post', 'UPDATE of a column')) AS needed (table_name, privilege)
WHERE NOT CASE WHEN privilege = 'UPDATE of a column' THEN has_any_column_privilege(quote_ident(table_name), 'UPDATE')
               ELSE has_table_privilege(quote_ident(table_name), privilege) END
UNION ALL
SELECT 'user_recommendation', 'TEMPORARY on the database',
       format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
