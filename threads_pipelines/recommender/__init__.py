"""The recommender: settings, the fitted model, neighbours and ranking, as functions over arrays.

Belongs here: fitting a model on a snapshot and ranking posts with it. `kernels/` holds compiled
helpers, `knn/` the neighbour search, `ranking/` the order of a feed.
Does not belong here: the choice of settings (`tuning`), metrics (`evaluation`), storage.
"""
