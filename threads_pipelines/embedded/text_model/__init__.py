"""The embedded text model: Gemma by llama.cpp, behind Ollama's API.

Belongs here: the model's process, and the HTTP API that it serves.
Does not belong here: the client of that API (`content/model`).
"""
