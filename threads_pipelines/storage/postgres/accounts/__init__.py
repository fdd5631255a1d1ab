"""Accounts in the app's database: experiment groups, removal of synthetic ones, roles.

Belongs here: statements that change or remove accounts and grants.
"""
