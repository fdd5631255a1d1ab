-- What happened after an instant, by the index (created_at); columns as in sql/read_interactions.sql.
SELECT hashtextextended(user_id, %(seed)s),
       hashtextextended(post_id, %(seed)s),
       (coalesce(array_position(%(types)s::text[], interaction_type), 0) - 1)::smallint,
       created_at
FROM user_interaction
WHERE (created_at > %(after)s AND created_at <= %(as_of)s) OR created_at = 'infinity'
