"""Converts columns of a file to the arrays of a snapshot."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.snapshot import Posts, Rows, Times, Users
from threads_pipelines.files.formats.tables import Table
from threads_pipelines.files.time_forms import UNKNOWN


def sorted_ids(*columns: pa.DictionaryArray | None) -> NDArray[np.object_]:
    """Collect the distinct ids of columns.

    Args:
        columns: Dictionary-encoded ids; None is skipped.

    Returns:
        (n,) object array in code-point order, without the empty id.
    """
    ids = {
        text for column in columns if column is not None for text in column.dictionary.to_pylist()
    }
    ordered = sorted(ids - {""})
    result = np.empty(len(ordered), object)
    result[:] = ordered
    return result


def rows_of(column: pa.DictionaryArray, ids: NDArray[np.object_]) -> Rows:
    """Find the position of each value.

    Args:
        column: (m,) dictionary-encoded ids.
        ids: (n,) the known ids.

    Returns:
        (m,) int32 position in ``ids``; -1 for an empty value.
    """
    place = {text: row for row, text in enumerate(ids)}
    names = column.dictionary.to_pylist()
    rows = np.array([place.get(name, -1) for name in names], np.int32)
    return rows[column.indices.to_numpy()] if len(rows) else np.zeros(len(column), np.int32)


def users_of(ids: NDArray[np.object_], asked: Rows) -> Users:
    """Make the accounts of a snapshot.

    Args:
        ids: (n,) ids.
        asked: (m,) int32 rows of the accounts that get a feed.

    Returns:
        The accounts.
    """
    receives = np.zeros(len(ids), bool)
    receives[asked] = True
    return Users(ids=ids, followers=np.zeros(len(ids), np.int32), receives=receives)


def posts_of(
    catalogue: Table | None,
    times: Times | None,
    ids: NDArray[np.object_],
    user_ids: NDArray[np.object_],
    touched: Rows,
) -> Posts:
    """Make the posts of a snapshot. Candidates are the posts with events and those of the
    catalogue.

    Args:
        catalogue: The table of posts; None if there is none.
        times: Times of the catalogue's posts; None if unknown.
        ids: (n,) ids of all posts.
        user_ids: (n_users,) ids of the accounts, for the authors.
        touched: Rows of the posts with events.

    Returns:
        The posts.
    """
    n = len(ids)
    candidate = np.zeros(n, bool)
    candidate[touched] = True
    author, created_at = np.full(n, -1, np.int32), np.full(n, UNKNOWN, np.int64)
    content = np.full(n, "", object)
    if catalogue:
        rows = rows_of(catalogue.ids["post"], ids)
        candidate[rows] = True
        if "author" in catalogue.ids:
            author[rows] = rows_of(catalogue.ids["author"], user_ids)
        if times is not None:
            created_at[rows] = times
        if "content" in catalogue.texts:
            content[rows] = catalogue.texts["content"].to_pylist()
    none = np.zeros(n, np.int32)
    return Posts(ids, author, created_at, content, candidate, likes=none, comments=none)


def seen_of(user: Rows, post: Rows, shape: tuple[int, int]) -> csr_matrix:
    """Make the matrix of seen pairs.

    Args:
        user: (m,) int32 rows.
        post: (m,) int32 rows.
        shape: (n_users, n_posts).

    Returns:
        CSR of bool, each pair once.
    """
    seen = csr_matrix((np.ones(len(user), bool), (user, post)), shape)
    seen.sum_duplicates()
    return seen
