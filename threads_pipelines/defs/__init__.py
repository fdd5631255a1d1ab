"""Dagster definitions: assets, checks, jobs, schedules, sensors, resources.

Belongs here: assets that read, make one pure call, write and return a `MaterializeResult`.
Does not belong here: arithmetic, SQL, and the processes that run jobs (`runner`).
"""
