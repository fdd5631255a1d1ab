"""What an operator needs judged: services, data, rollback, what to prune; no storage, no clock."""
