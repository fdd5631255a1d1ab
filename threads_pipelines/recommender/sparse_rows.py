"""Compressed sparse rows: the one form in which the recommender keeps lists of posts or people."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
NO_VALUES: Floats = np.zeros(0, np.float32)
"""The values of a binary matrix."""


class SparseRows(NamedTuple):
    """Rows of a sparse matrix, readable by compiled code.

    start: (n + 1,) int64, where each row begins. item: (m,) int32, the columns.
    value: (m,) float32, or (0,) where the matrix is binary.
    """

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    value: Floats


def no_rows(n: int) -> SparseRows:
    """Return ``n`` empty rows."""
    return SparseRows(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), NO_VALUES)


def from_padded(item: NDArray[np.int32], value: Floats, found: NDArray[np.int32]) -> SparseRows:
    """Drop the unused places of (n, most) arrays, of which ``found`` (n,) are used in each row."""
    used = np.arange(item.shape[1]) < found[:, None]
    start = np.concatenate([[0], np.cumsum(found)]).astype(np.int64)
    return SparseRows(start, item[used], value[used])
