"""The refresh between two nights: its assets, its schedule, and why it is left out.

Does not belong here: whom it serves and what it is measured by (the room ``refresh``).
"""
