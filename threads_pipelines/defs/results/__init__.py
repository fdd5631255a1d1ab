"""What assets report: metadata and check results, made from what they computed.

Belongs here: conversions to Dagster's metadata, tables and plots.
Does not belong here: reading, computing and writing (``defs/assets``).
"""
