"""The refresh between two nights: its assets, its schedule, and the reasons to skip it.

Does not belong here: whom it serves and its figures (the room ``refresh``).
"""
