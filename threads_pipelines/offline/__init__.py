"""The recommender from a file: no server at all."""
