-- One shard on its way: ids once, then 16 bytes a row. Gone with the transaction.
CREATE TEMPORARY TABLE stage_user (n integer NOT NULL, user_id text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE stage_post (n integer NOT NULL, post_id text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE stage (u integer NOT NULL, p integer NOT NULL, score double precision NOT NULL) ON COMMIT DROP;
