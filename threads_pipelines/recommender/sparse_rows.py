"""Compressed sparse rows, the form in which the recommender keeps lists of posts or people."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
NO_VALUES: Floats = np.zeros(0, np.float32)
"""The values of a binary matrix."""


class SparseRows(NamedTuple):
    """Rows of a sparse matrix that compiled code can read.

    Attributes:
        start: (n + 1,) int64, where each row begins.
        item: (m,) int32, the columns.
        value: (m,) float32; (0,) if the matrix is binary.
    """

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    value: Floats


def no_rows(n: int) -> SparseRows:
    """Make empty rows.

    Args:
        n: Number of rows.

    Returns:
        ``n`` rows without entries.
    """
    return SparseRows(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), NO_VALUES)


def from_padded(item: NDArray[np.int32], value: Floats, found: NDArray[np.int32]) -> SparseRows:
    """Make compressed rows from padded arrays.

    Args:
        item: (n, most) int32, columns.
        value: (n, most) float32, values.
        found: (n,) int32, number of used places of each row.

    Returns:
        The used places as compressed rows.
    """
    used = np.arange(item.shape[1]) < found[:, None]
    start = np.concatenate([[0], np.cumsum(found)]).astype(np.int64)
    return SparseRows(start, item[used], value[used])
