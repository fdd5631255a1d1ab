"""The guard against paid accounts: how much each event counts for other people's feeds.

Belongs here: attacks that are injected into a copy of a snapshot, how alike the people of a post's
audience are, the trust that follows, and its reasons in words. Does not belong here: fitting the
recommender, storage, metrics.
"""
