"""The command `threads-pipelines`, one module a topic.

Belongs here: options, messages, exit codes. It starts Dagster as a process and never imports it.
Does not belong here: what the commands do; that lives in the other rooms.
"""
