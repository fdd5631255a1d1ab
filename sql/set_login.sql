-- The app's password login of an account; the hash is bcrypt. An account that is gone gets none.
-- The hash is named again, for reading excluded.refresh_token would need the right to read all of them.
INSERT INTO account (
    user_id, type, provider, provider_account_id, refresh_token, created_at, updated_at
)
SELECT u.id, 'credentials', 'credentials', u.id, %(hash)s, %(now)s, %(now)s
FROM "user" AS u
WHERE u.id = %(user_id)s
ON CONFLICT (provider, provider_account_id)
DO UPDATE SET refresh_token = %(hash)s, updated_at = %(now)s
