"""A nightly batch that precomputes the feeds of a social app."""
