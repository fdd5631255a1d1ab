"""Reports for people: tables, plots, the comparison page, the Excel and Parquet exports.

Belongs here: presentation. Only `account_feeds` reads storage.
Does not belong here: the numbers themselves (`evaluation`, `experiment`).
"""
