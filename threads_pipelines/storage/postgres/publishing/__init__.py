"""Replaces the rows of `user_recommendation`, one transaction a shard of whole users.

Belongs here: the lease, staging, the replace statement, fingerprints, purging.
Does not belong here: which version is published (`storage/feeds_to_publish.py`).
"""
