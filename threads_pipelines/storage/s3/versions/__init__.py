"""What a version is: its manifest, how its arrays are packed, whether its rows were checked.

Belongs here: the format of what is under ``models/<partition>/<version>/``.
Does not belong here: which version is served or pinned (``storage/s3/registry.py``), and when one
is pruned.
"""
