"""Reads a snapshot of the app in one REPEATABLE READ transaction.

Belongs here: streams of rows into arrays, and the rules of what those rows mean.
"""
