"""Statistics of a feed of events, and the distance between two feeds.

Belongs here: measurements. Does not belong here: the generator and its settings.
"""
