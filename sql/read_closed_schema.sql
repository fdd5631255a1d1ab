-- The connection's own schema where its role may not enter it; then its tables look as if they were missing.
SELECT current_user AS role, nspname AS schema_name
FROM pg_namespace
WHERE quote_ident(nspname) = current_setting('search_path') AND NOT has_schema_privilege(oid, 'USAGE')
