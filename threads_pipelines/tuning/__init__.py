"""The choice of the recommender's settings on a validation window inside the training data.

Belongs here: the search over settings. It uses `recommender` and `evaluation`; neither imports it.
Does not belong here: metrics, splits, models.
"""
