-- Whether somebody did, wrote, changed or joined anything after an instant and up to another.
-- Interactions come first, by the index (created_at); where there is one, no other table is looked at.
SELECT EXISTS (SELECT FROM user_interaction WHERE created_at > %(since)s AND created_at <= %(until)s)
    OR EXISTS (SELECT FROM post WHERE (created_at > %(since)s AND created_at <= %(until)s)
        OR (updated_at > %(since)s AND updated_at <= %(until)s))
    OR EXISTS (SELECT FROM "user" WHERE created_at > %(since)s AND created_at <= %(until)s)
    OR EXISTS (SELECT FROM comment WHERE created_at > %(since)s AND created_at <= %(until)s)
    OR EXISTS (SELECT FROM "like" WHERE created_at > %(since)s AND created_at <= %(until)s)
    OR EXISTS (SELECT FROM follow WHERE created_at > %(since)s AND created_at <= %(until)s)
