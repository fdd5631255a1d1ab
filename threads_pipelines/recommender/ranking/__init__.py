"""The order of a feed: votes of neighbours, similar posts, popularity, and the reason of each row.

Belongs here: scores of posts for users. Does not belong here: the search for neighbours (`knn/`).
"""
