"""The offline room."""
