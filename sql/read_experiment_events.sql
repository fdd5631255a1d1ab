-- What people did in a window: kind as a position in view, click, like, share, comment; whether it
-- came from the feed; a view's duration where the client sent a usable number.
SELECT i.user_id,
       (array_position(ARRAY['view', 'click', 'like', 'share'], i.interaction_type) - 1)::smallint AS kind,
       extract(epoch FROM i.created_at)::bigint AS at,
       coalesce(i.metadata ->> 'source' = 'feed', false) AS from_feed,
       CASE WHEN jsonb_typeof(i.metadata -> 'duration') = 'number'
            THEN least(greatest((i.metadata ->> 'duration')::numeric, 0), 86400000)::float8 END AS duration_ms
FROM user_interaction i
WHERE i.created_at >= %(since)s AND i.created_at < %(until)s
  AND i.interaction_type IN ('view', 'click', 'like', 'share')
UNION ALL
SELECT c.user_id, 4::smallint, extract(epoch FROM c.created_at)::bigint, false, NULL
FROM comment c
WHERE c.created_at >= %(since)s AND c.created_at < %(until)s
