-- One sequential scan: for each account, once for what is dated up to an instant and once for what
-- is dated after it, how many interactions there are and an exclusive-or of 64 bits of each whole
-- row. The row's id is in it, so that two equal rows do not cancel out. Nothing is sorted or sent
-- but one row an account.
SELECT account, earlier, count(*), bit_xor(mark)
FROM (
    SELECT hashtextextended(user_id, %(seed)s) AS account,
           (created_at <= %(earlier)s)::int::smallint AS earlier,
           hashtextextended(id, hashtextextended(post_id, hashtextextended(interaction_type,
               timestamp_hash_extended(created_at, 0)))) AS mark
    FROM user_interaction
    WHERE created_at <= %(until)s
) AS row_marks
GROUP BY account, earlier
