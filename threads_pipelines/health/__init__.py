"""Health: checks of the services, validation of a night, drift, alerts, metrics.

Belongs here: judgements and their limits, and the probes that supply their input.
Does not belong here: Dagster's sensors and checks (`defs`).
"""
