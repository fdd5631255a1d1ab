-- The fake users among these ids; whether the email agrees too is judged where it can be recomputed.
SELECT u.id, u.email, u.bio
FROM "user" AS u
WHERE u.id = ANY(%(ids)s) AND u.bio LIKE 'FAKE\_USER%%'
ORDER BY u.id
