"""A nightly batch that precomputes the feeds of a social app."""

from threads_pipelines.settings import keep_caches_in_state_folder

# Before numba or matplotlib is imported anywhere below: they read this at import.
keep_caches_in_state_folder()
