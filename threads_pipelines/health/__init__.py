"""What an operator is told: probes of the services, validation of a night, drift, alerts, metrics.

Belongs here: judgements and their limits, and the probes that feed them.
Does not belong here: Dagster's sensors and checks (`defs`).
"""
