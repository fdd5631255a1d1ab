"""The compiled search for nearest rows; it runs on blocks of rows in threads.

One thread processes a row, in an order that depends on the data alone. Results are therefore the
same for any number of threads and any block size. Each thread needs a few arrays of scratch memory.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.prefetch import prefetch
from threads_pipelines.recommender.kernels.selection import keep_largest


@compiled
def nearest_rows(
    rows: Any,
    a: Any,
    b: Any,
    through_scale: Any,
    scale: Any,
    own: Any,
    neighbour: Any,
    similarity: Any,
    found: Any,
) -> None:
    """Find the largest entries of rows of A·diag(through_scale)·B·diag(scale).

    Args:
        rows: (n,) int64, rows of A to search for.
        a: ``SparseRows`` of A.
        b: ``SparseRows`` of B.
        through_scale: float32 factor of each column of A (row of B).
        scale: (n_columns,) float32 factor of each column of B; a column with factor 0 is never
            found.
        own: (n,) column to leave out for each row; -1 if there is none.
        neighbour: (n, most) int32; receives the columns of the largest entries.
        similarity: (n, most) float32; receives the entries, largest first.
        found: (n,) int32; receives the number of entries of each row.
    """
    n_columns = len(scale)
    total = np.zeros(n_columns, np.float32)
    touched, listed = np.empty(n_columns + 1, np.int32), np.empty(n_columns, np.float32)
    a_binary, b_binary = len(a.value) == 0, len(b.value) == 0
    for r in range(len(rows)):
        first, last = a.start[rows[r]], a.start[rows[r] + 1]
        work = 0
        for k in range(first, last):
            work += b.start[a.item[k] + 1] - b.start[a.item[k]]
        dense = 8 * work > n_columns  # one look at a column costs less than a list of the touched
        n_touched = 0
        for k in range(first, last):
            after = a.item[min(k + 1, last - 1)]
            prefetch(b.item, b.start[after], b.start[after + 1])
            through = a.item[k]
            weight = through_scale[through]
            if not a_binary:
                weight *= a.value[k]
            begin, end = b.start[through], b.start[through + 1]
            if not dense:
                for m in range(begin, end):
                    j = b.item[m]
                    touched[n_touched] = j
                    n_touched += total[j] == 0
                    total[j] += weight if b_binary else weight * b.value[m]
            elif b_binary:  # unsigned below, as a signed place is tested for one from the end
                for m in range(begin, end):
                    total[np.uint32(b.item[m])] += weight
            else:
                for m in range(begin, end):
                    total[np.uint32(b.item[m])] += weight * b.value[m]
        if own[r] >= 0:
            total[own[r]] = 0
        if dense:
            total *= scale
            found[r] = keep_largest(total, similarity[r], neighbour[r])
            total[:] = 0
        else:
            for k in range(n_touched):
                listed[k] = total[touched[k]] * scale[touched[k]]
                total[touched[k]] = 0
            found[r] = keep_largest(listed[:n_touched], similarity[r], neighbour[r])
            for k in range(found[r]):
                neighbour[r, k] = touched[neighbour[r, k]]
