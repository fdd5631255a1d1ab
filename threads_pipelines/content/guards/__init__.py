"""What a text of the model may hold before it is shown.

Belongs here: pure functions from a text to a verdict.
Does not belong here: asking the model, and what becomes of a refusal.
"""
