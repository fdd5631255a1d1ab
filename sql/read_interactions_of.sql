-- What some accounts did up to an instant, by the index (user_id, created_at); columns as in
-- sql/read_interactions.sql.
SELECT hashtextextended(i.user_id, %(seed)s),
       hashtextextended(i.post_id, %(seed)s),
       (coalesce(array_position(%(types)s::text[], i.interaction_type), 0) - 1)::smallint,
       i.created_at
FROM unnest(%(accounts)s::text[]) AS a (id)
JOIN user_interaction i ON i.user_id = a.id
WHERE i.created_at <= %(until)s
