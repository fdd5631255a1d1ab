"""Synthetic accounts, follows and posts: pure functions with a seeded random generator.

Belongs here: who exists and who follows whom. `behaviour/` says what accounts do, `realism/`
measures how close the result is to a real feed, `platforms/` holds fitted parameters.
Does not belong here: input or output, the text of posts, the fake users of the simulation.
"""
