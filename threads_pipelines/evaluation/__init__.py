"""Offline evaluation: temporal splits, metrics with confidence intervals, baselines, the gate.

Belongs here: judging a ranking, and the invariants of stored rows.
Does not belong here: the choice of settings (`tuning`), the A/B test (`experiment`).
"""
