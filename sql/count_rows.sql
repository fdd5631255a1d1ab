SELECT
    (SELECT count(*) FROM "user") AS accounts,
    (SELECT count(*) FROM follow) AS follows,
    (SELECT count(*) FROM post) AS posts,
    (SELECT count(*) FROM user_interaction) AS interactions,
    (SELECT count(*) FROM "like") AS likes,
    (SELECT count(*) FROM comment) AS comments,
    (SELECT count(*) FROM user_recommendation WHERE expires_at > %(now)s) AS live_recommendations,
    (SELECT count(DISTINCT user_id) FROM user_recommendation WHERE expires_at > %(now)s) AS readers
