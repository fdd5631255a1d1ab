SELECT count(*) FROM post WHERE NOT isfinite(created_at)
