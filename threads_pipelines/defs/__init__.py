"""The defs room."""
