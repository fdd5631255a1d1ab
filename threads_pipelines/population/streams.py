"""Random numbers by name: each part of the population draws from a stream of its own.

A stream depends on the seed and its name only, so another size of one part leaves the draws of
the others as they were.
"""

import hashlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator named ``name`` under ``seed``; the same arguments give the same numbers."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
