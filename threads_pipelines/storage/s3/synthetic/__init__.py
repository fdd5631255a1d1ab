"""Objects of the synthetic population: seeds, run keys, catalogues, cached completions.

Belongs here: what is stored under ``seeds/`` and ``generated/``.
Does not belong here: versions of the recommender (`storage.s3`).
"""
