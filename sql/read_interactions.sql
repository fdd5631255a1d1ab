-- 30 bytes a row in binary: the ids as hashes, the type as a position (-1 for one that the app does
-- not write), the time as it is stored. A time at infinity comes along, to be counted.
SELECT hashtextextended(user_id, %(seed)s),
       hashtextextended(post_id, %(seed)s),
       (coalesce(array_position(%(types)s::text[], interaction_type), 0) - 1)::smallint,
       created_at
FROM user_interaction
WHERE created_at <= %(as_of)s OR created_at = 'infinity'
