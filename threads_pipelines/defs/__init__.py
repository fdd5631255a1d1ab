"""The Dagster side: assets, checks, jobs, schedules and resources; no arithmetic, SQL or prompts."""
