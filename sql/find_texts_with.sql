-- Texts that hold a word, whatever its case.
SELECT content FROM post WHERE content ILIKE %(pattern)s
