"""The refresh between two nights: whom it serves, when it is skipped, and its figures.

Belongs here: pure functions over snapshots, scored rows and instants.
Does not belong here: reading, ranking and publishing, which a refresh shares with the night.
"""
