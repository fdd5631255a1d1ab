"""A development stack from wheels: PostgreSQL, SeaweedFS and Gemma as local processes.

Belongs here: starting, finding and stopping those processes.
Does not belong here: anything that production needs. Only `cli` imports this room.
"""
