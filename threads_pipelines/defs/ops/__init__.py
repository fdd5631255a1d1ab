"""Jobs of ops: rollback, dry run, pruning. They change state but make no asset."""
