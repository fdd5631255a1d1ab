"""Reads a snapshot of the app in one REPEATABLE READ transaction.

Belongs here: streaming rows into arrays, and the rules that interpret those rows.
"""
