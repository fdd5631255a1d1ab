-- Who there is. Only an email that may be synthetic leaves the database.
SELECT id,
       hashtextextended(id, %(seed)s),
       CASE WHEN email LIKE %(synthetic)s OR email = ANY (%(test_accounts)s) THEN email END
FROM "user"
WHERE created_at <= %(as_of)s OR NOT isfinite(created_at)
ORDER BY id COLLATE "C"
