DELETE FROM user_recommendation
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM user_recommendation
    WHERE expires_at <= %(now)s
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
))
