"""One table out of a file of any format: delimited text, JSON lines or Parquet, packed or not.

Belongs here: opening, recognising separators, headers and columns, and faults that name a line.
Does not belong here: what the values mean to the recommender (the folder above).
"""
