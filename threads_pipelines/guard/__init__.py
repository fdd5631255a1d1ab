"""The guard against paid accounts: how much each event counts for other people's feeds.

Belongs here: attacks injected into a copy of a snapshot, the similarity of a post's audience,
features of accounts, the classifiers and the resulting trust. Does not belong here: fitting the
recommender, storage, metrics.
"""
