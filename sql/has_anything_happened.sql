-- Whether somebody did, wrote, changed or joined anything after an instant. Interactions come first,
-- by the index (created_at); where there is one, no other table is looked at.
SELECT EXISTS (SELECT FROM user_interaction WHERE created_at > %(since)s)
    OR EXISTS (SELECT FROM post WHERE created_at > %(since)s OR updated_at > %(since)s)
    OR EXISTS (SELECT FROM "user" WHERE created_at > %(since)s)
    OR EXISTS (SELECT FROM comment WHERE created_at > %(since)s)
    OR EXISTS (SELECT FROM "like" WHERE created_at > %(since)s)
    OR EXISTS (SELECT FROM follow WHERE created_at > %(since)s)
