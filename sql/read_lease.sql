-- Whether the lease is still held by the transaction that was given it.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %(class)s AND objid = %(key)s AND granted
      AND virtualtransaction = %(holder)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
