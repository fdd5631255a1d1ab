-- Whose rows are all of this generation, how many they are, and an exclusive-or over them: of the
-- hashed post, of the score as an integer (to 2^-53), and of a product of both, so that an exchange
-- of scores shows. See storage/fingerprints.py; scores outside [0, 1] are left to the slow way.
SELECT user_id, count(*)::integer, bit_xor(h # s # ((h & 2147483647) * (s >> 22)))
FROM (
    SELECT user_id, hashtextextended(post_id, 0) AS h,
           CASE WHEN score BETWEEN 0 AND 1 THEN (score * 9007199254740992::float8)::bigint END AS s,
           generated_at = %(generated_at)s AND expires_at = %(expires_at)s AND score BETWEEN 0 AND 1 AS usable
    FROM user_recommendation
) AS r
GROUP BY user_id
HAVING bool_and(usable)
