-- What a user has, as far as all of it is of this generation: enough to tell that a shard is there
-- already. Scores count to 2^-53; only those in [0, 1] are told apart (storage/fingerprints.py).
SELECT user_id, count(*)::integer, bit_xor(h), bit_xor(s), bit_xor((h & 2147483647) * (s >> 22))
FROM (
    SELECT user_id, hashtextextended(post_id, 0) AS h,
           CASE WHEN score BETWEEN 0 AND 1 THEN (score * 9007199254740992::float8)::bigint END AS s,
           generated_at = %(generated_at)s AND expires_at = %(expires_at)s AS current
    FROM user_recommendation
) AS r
GROUP BY user_id
HAVING bool_and(current AND s IS NOT NULL)
