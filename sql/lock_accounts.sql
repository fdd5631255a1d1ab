SELECT u.id
FROM "user" u
JOIN unnest(%(ids)s::text[], %(emails)s::text[]) AS judged (id, email) ON judged.id = u.id AND judged.email = u.email
ORDER BY u.id
FOR UPDATE OF u
