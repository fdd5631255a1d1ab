"""Named random streams: each part of the population has a generator of its own.

A stream depends only on the seed and its name, so resizing one part does not change the draws of
the others.
"""

import hashlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator named ``name`` under ``seed``; the same arguments give the same numbers."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
