-- What the role of this connection may do for a login: who exists, who can be changed, whose tables these are.
SELECT
    me.rolname,
    me.rolsuper OR me.rolcreaterole AS may_create_roles,
    me.rolsuper OR me.rolcreatedb AS may_create_databases,
    ARRAY(SELECT r.rolname::text FROM pg_roles AS r WHERE r.rolname = ANY (%(roles)s)) AS existing,
    ARRAY(
        SELECT r.rolname::text FROM pg_roles AS r
        WHERE r.rolname = ANY (%(roles)s) AND (
            me.rolsuper
            OR pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
            -- Before PostgreSQL 16 CREATEROLE was about every role.
            OR (me.rolcreaterole AND NOT r.rolsuper AND current_setting('server_version_num')::int < 160000)
        )
    ) AS changeable,
    ARRAY(
        SELECT ARRAY[g.rolname::text, m.rolname::text] FROM pg_auth_members AS a
        JOIN pg_roles AS g ON g.oid = a.roleid
        JOIN pg_roles AS m ON m.oid = a.member
        WHERE g.rolname = ANY (%(roles)s) AND m.rolname = ANY (%(roles)s)
    ) AS memberships,
    ARRAY(
        SELECT DISTINCT pg_get_userbyid(c.relowner)::text FROM pg_class AS c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY (%(tables)s)
        AND NOT pg_has_role(me.oid, c.relowner, 'USAGE')
    ) AS other_owners,
    EXISTS (SELECT FROM pg_database WHERE datname = %(database)s) AS database_exists
FROM pg_roles AS me
WHERE me.rolname = current_user
