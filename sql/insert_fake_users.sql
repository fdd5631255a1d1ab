-- Makes the fake users that are missing. A person may have taken the email or the username: then
-- this account is not made.
INSERT INTO "user" (id, email, username, display_name, name, bio, created_at, updated_at)
SELECT f.id, f.email, f.username, f.display_name, f.display_name, f.bio, %(now)s, %(now)s
FROM unnest(%(id)s::text[], %(email)s::text[], %(username)s::text[], %(display_name)s::text[], %(bio)s::text[])
    AS f (id, email, username, display_name, bio)
ON CONFLICT DO NOTHING
