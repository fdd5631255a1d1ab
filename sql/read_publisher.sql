-- Who holds the lease; NULLs where this role may not see it.
SELECT date_trunc('second', a.xact_start AT TIME ZONE 'UTC'), a.application_name
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = %(class)s AND l.objid = %(key)s AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
