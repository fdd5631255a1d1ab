"""The A/B experiment: assignment, sessions, uplift, power and the sample-ratio check.

Belongs here: statistics of what two groups of accounts did.
Does not belong here: the SQL that reads it (`storage/postgres`), plots (`reporting`).
"""
