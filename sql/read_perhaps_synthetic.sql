-- Accounts whose email may be a synthetic one.
SELECT id, email FROM "user" WHERE email LIKE %(synthetic)s OR email = ANY (%(test_accounts)s)
