"""The recommender room."""
