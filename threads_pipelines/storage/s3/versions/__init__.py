"""The parts of a version: its manifest, the format of its arrays, the state of its checks.

Belongs here: the format of what is under ``models/<partition>/<version>/``.
Does not belong here: which version is served or pinned (``storage/s3/registry.py``), and when one
is pruned.
"""
