"""The refresh between two nights: whom it serves, when it is left out, what it is measured by.

Belongs here: pure functions over snapshots, scored rows and instants.
Does not belong here: reading, ranking and publishing, which are those of the night.
"""
