-- Accounts whose email is no synthetic one; the others are judged where their ids can be recomputed.
SELECT count(*) FROM "user" WHERE NOT (email LIKE %(synthetic)s OR email = ANY (%(test_accounts)s))
