"""User-post pairs as integer keys: user · n_posts + post."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def pair_keys(matrix: "csr_matrix") -> NDArray[np.int64]:
    """Convert the entries of a matrix to keys.

    Args:
        matrix: (n_rows, n_columns) CSR matrix.

    Returns:
        (nnz,) int64, row · n_columns + column; ascending if the indices are sorted.
    """
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys: NDArray[np.int64] = rows * matrix.shape[1] + matrix.indices
    return keys


def event_keys(events: Interactions, n_posts: int) -> NDArray[np.int64]:
    """Convert events to the keys of their distinct pairs.

    Args:
        events: The events.
        n_posts: Number of posts.

    Returns:
        (n,) int64 user · n_posts + post, ascending and distinct.
    """
    # np.unique hashes first, which is several times slower than to sort where most are distinct.
    keys = np.sort(events.user.astype(np.int64) * n_posts + events.post)
    return keys[np.diff(keys, prepend=-1) > 0]


def matrix_of_keys(keys: NDArray[np.int64], shape: tuple[int, int]) -> "csr_matrix":
    """Make a matrix from pair keys.

    Args:
        keys: (nnz,) int64, ascending and distinct.
        shape: (n_rows, n_columns).

    Returns:
        CSR of bool with sorted indices.
    """
    from scipy.sparse import csr_matrix

    counts = np.bincount(keys // shape[1], minlength=shape[0])
    indptr = np.concatenate(([0], np.cumsum(counts)))
    return csr_matrix((np.ones(len(keys), bool), keys % shape[1], indptr), shape)
