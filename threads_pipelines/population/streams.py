"""Named random streams: each part of the population has its own generator.

A stream depends only on the seed and its name, so changing the size of one part does not change the
draws of the others.
"""

import hashlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Make the generator of a stream; the same arguments give the same numbers.

    Args:
        seed: The seed.
        name: Name of the stream.

    Returns:
        The generator.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
