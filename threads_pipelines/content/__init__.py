"""The text of posts: seed files, variation templates, prompts, the text model and its guards.

Belongs here: everything that makes or judges a text. Templates (`templates/`), prompts (`prompts/`)
and word lists (`vocabulary/`) are files, not Python.
Does not belong here: accounts, behaviour, storage.
"""
