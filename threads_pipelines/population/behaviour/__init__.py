"""The behaviour of synthetic accounts: encounters, sessions, cascades and the funnel of events.

Belongs here: times, choices and counts of synthetic interactions.
Does not belong here: the accounts themselves, and table columns (`population/tables.py`).
"""
