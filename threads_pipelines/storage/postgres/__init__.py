"""The app's database: connections, the table contract, bulk COPY. Statements live in `sql/`.

Belongs here: everything that speaks SQL. `reading/` makes a snapshot, `publishing/` replaces feeds,
`accounts/` writes and removes accounts and database roles.
Does not belong here: objects on S3.
"""
