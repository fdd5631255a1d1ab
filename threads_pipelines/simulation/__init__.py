"""The living app: fake users that post, open their feeds and act on the posts.

Belongs here: one tick, the fake accounts, and the statements that only they need.
Does not belong here: the synthetic population of a run key (`population`).
"""
