"""What refreshes keep between them: the list of the latest ones, and the last reading.

Belongs here: ``models/refreshes.json`` and ``cache/reading.npz``.
Does not belong here: the nights' versions (``storage/s3/registry.py``), which a refresh never is.
"""
