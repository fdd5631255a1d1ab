"""Data that the rooms hand to each other: snapshots, scored rows, synthetic ids, `as_of`.

Belongs here: frozen types that more than one room reads, and the checks of a snapshot.
Does not belong here: anything that reads or writes a server, a file or a model. This room imports
no other room.
"""
