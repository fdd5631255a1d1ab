"""The recommender on files: reads tables of events, posts and users; writes feeds.

Belongs here: file formats and column recognition. It needs no server.
Does not belong here: options of the command line (`cli/files.py`).
"""
