"""PostgreSQL and S3, read and written in bulk; no business rules.

Belongs here: what needs both (`feeds_to_publish`, `feeds`). `postgres/` and `s3/` hold the rest;
`s3/` does not import `postgres/`.
"""
