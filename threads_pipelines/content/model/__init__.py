"""The text model's server and the cache of its answers.

Belongs here: implementations of ``content.text_model.TextModel``.
Does not belong here: prompts, guards, and what is written with the model.
"""
