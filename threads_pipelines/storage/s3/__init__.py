"""Objects on S3: versions with manifests and checksums, the registry, documents, retention.

Belongs here: every key that the pipeline writes, one module a kind of object.
Does not belong here: SQL.
"""
