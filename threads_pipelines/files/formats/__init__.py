"""One table from a file of any format: delimited text, JSON lines or Parquet, compressed or not.

Belongs here: opening files, recognising separators, headers and columns, and errors that name a
line.
Does not belong here: what the values mean to the recommender (the folder above).
"""
