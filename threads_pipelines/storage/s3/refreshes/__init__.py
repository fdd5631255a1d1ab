"""State that refreshes share: the list of the latest refreshes, and the last reading.

Belongs here: ``models/refreshes.json`` and ``cache/reading.npz``.
Does not belong here: the versions of nights (``storage/s3/registry.py``), which a refresh never is.
"""
