"""Guards: what a text of the model may contain.

Belongs here: pure functions from a text to a verdict.
Does not belong here: calling the model, and handling a refusal.
"""
