"""Nearest neighbours: users near a user, posts near a post, by interactions or by text.

Belongs here: similarity and its search. Does not belong here: the order of a feed (`ranking/`).
"""
