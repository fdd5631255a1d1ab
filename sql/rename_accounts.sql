-- Gives the accounts that are left names of their own, with more of the id at each attempt. The email
-- stays: by it and the id an account is known as synthetic.
UPDATE pg_temp.stage_account
SET username = username || '_' || right(id, %(length)s),
    name = CASE WHEN %(names)s THEN name || ' ' || right(id, %(length)s) ELSE name END,
    display_name = CASE WHEN %(names)s THEN display_name || ' ' || right(id, %(length)s) ELSE display_name END
