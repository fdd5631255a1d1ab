"""Where things are kept: PostgreSQL and S3, read and written in bulk; no business rules."""
