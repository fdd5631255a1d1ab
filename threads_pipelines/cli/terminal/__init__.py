"""Output of commands on a terminal and in a pipe.

Belongs here: tables and their widths. Does not belong here: what the tables say.
"""
