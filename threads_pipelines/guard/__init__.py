"""What events count for other people's feeds where accounts are paid to push a post.

Belongs here: attacks injected into a copy of a snapshot, how alike the people of a post's audience
are, features of accounts, the classifiers and the trust that follows. Does not belong here:
fitting the recommender, storage, metrics.
"""
