-- Columns, keys, indexes and foreign keys of the tables in the connection's schema, one row a fact.
SELECT c.relname AS table_name, 'column' AS kind, a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS definition,
       a.attnotnull AS not_null,
       pg_get_expr(d.adbin, d.adrelid) AS column_default,
       a.attidentity <> '' OR a.attgenerated <> '' AS filled
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT t.relname, CASE WHEN x.indisprimary THEN 'primary key' WHEN x.indisunique THEN 'unique' ELSE 'index' END,
       i.relname,
       (SELECT string_agg(pg_get_indexdef(x.indexrelid, k, true)
                          || CASE WHEN x.indoption[k - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY k)
        FROM generate_series(1, x.indnkeyatts) AS k)
       || CASE WHEN x.indpred IS NULL THEN '' ELSE ' WHERE ' || pg_get_expr(x.indpred, x.indrelid) END,
       x.indisvalid, NULL, false
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = quote_ident(current_schema())::regnamespace
UNION ALL
SELECT t.relname, 'foreign key', f.conname,
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = f.conkey[1])
       || ' -> ' || r.relname || '('
       || (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = f.confrelid AND a.attnum = f.confkey[1]) || ')'
       || CASE f.confdeltype WHEN 'c' THEN ' on delete cascade' ELSE '' END
       || CASE f.confupdtype WHEN 'c' THEN ' on update cascade' ELSE '' END,
       true, NULL, false
FROM pg_constraint f
JOIN pg_class t ON t.oid = f.conrelid
JOIN pg_class r ON r.oid = f.confrelid
WHERE f.contype = 'f' AND t.relnamespace = quote_ident(current_schema())::regnamespace
ORDER BY 1, 2, 3
