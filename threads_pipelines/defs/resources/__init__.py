"""Dagster resources: connections, and run config that several steps share."""
