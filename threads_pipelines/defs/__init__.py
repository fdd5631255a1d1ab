"""The Dagster side: assets, checks, jobs, schedules and resources; no arithmetic or SQL."""
