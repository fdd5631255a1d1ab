"""Ids of many rows at once: UUIDv8 (RFC 9562) from a hash of the row's name.

``uuid.uuid5`` takes about two seconds for a million rows. Here a counter-based mixer (splitmix64,
Steele et al. 2014) makes 128 bits from integers that name the row, keyed by SHA-256 of the run key
and the table. 122 bits stay random, as in any UUID, or 74 after a time. The same names give the
same ids.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HEX = np.array(
    [int.from_bytes(f"{byte:02x}".encode(), "little") for byte in range(256)], dtype="<u2"
)


def row_ids(
    run_key: str, table: str, *names: NDArray[np.integer], at: NDArray[np.int64] | None = None
) -> NDArray[np.bytes_]:
    """Compute UUIDs of rows that integers name.

    Args:
        run_key: The run key of the population.
        table: The name of the table.
        at: (n,) int64 epoch milliseconds to begin the ids with, as UUIDv7 does. Rows that are
            inserted in the order of their times are then appended to the index of the primary key.
        names: One or more (n,) integer arrays, for instance the numbers of the user and the post.

    Returns:
        (n,) array of dtype ``S36``, in lower case.
    """
    key = hashlib.sha256(f"{run_key}/{table}".encode()).digest()
    high = np.full(len(names[0]), int.from_bytes(key[:8], "big"), np.uint64)
    low = np.full(len(names[0]), int.from_bytes(key[8:16], "big"), np.uint64)
    for name in names:
        part = np.asarray(name).astype(np.uint64)
        high = _mix(high ^ _mix(part + _GOLDEN))
        low = _mix((low + high) ^ _mix(part ^ _GOLDEN))
    if at is not None:
        high = (high & np.uint64(0xFFFF)) | (at.astype(np.uint64) << np.uint64(16))
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x8000)  # version 8
    low = (low & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)  # variant 10
    return _text(high, low)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _text(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.bytes_]:
    octets = np.stack([high, low], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)
    digits = _HEX[octets].view(np.uint8).reshape(-1, 32)
    text = np.full((len(high), 36), ord("-"), np.uint8)
    start = 0
    for at, length in ((0, 8), (9, 4), (14, 4), (19, 4), (24, 12)):
        text[:, at : at + length] = digits[:, start : start + length]
        start += length
    return text.reshape(-1).view("S36")
