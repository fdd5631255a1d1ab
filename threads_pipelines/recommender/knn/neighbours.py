"""The search for the nearest rows, compiled once and run on blocks of rows in threads.

Each row is worked on by one thread, in an order that depends on the data alone, so results are the
same for any count of threads and any size of block. Scratch is a few accumulators a thread.
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

    rows: (n,) int64. a, b: ``SparseRows``. own: (n,) the column that is a row's own and left out,
    -1 where there is none. Writes neighbour (n, most) int32, similarity (n, most) float32 and found
    (n,) int32, how many of them are there.
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
