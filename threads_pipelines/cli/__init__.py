"""The command `threads-pipelines`, one module a topic.

Belongs here: options, messages, exit codes. Dagster is started as a process and never imported.
Does not belong here: what the commands do; the other rooms have it.
"""
