-- The virtual transaction that this session holds the lease with.
SELECT virtualtransaction
FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(class)s AND objid = %(key)s AND granted AND pid = pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
