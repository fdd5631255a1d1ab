"""Rows that name users and posts by id, converted to rows of a snapshot."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot


def rows_of_ids(
    snapshot: Snapshot,
    user_id: NDArray[np.object_],
    post_id: NDArray[np.object_],
    score: NDArray[np.float64],
    rank: NDArray[np.int16],
) -> ScoredRows:
    """Convert stored or published rows to ``ScoredRows``; reasons and evidence are set to 0.

    Args:
        snapshot: The snapshot with the users and posts.
        user_id: (n,) str.
        post_id: (n,) str.
        score: (n,) float64.
        rank: (n,) int16, from 1.

    Returns:
        The rows, in the same order.

    Raises:
        KeyError: The snapshot does not have an id; the message is the first such id.
    """
    n = len(user_id)
    return ScoredRows(
        user=_places(snapshot.users.ids, user_id),
        post=_places(snapshot.posts.ids, post_id),
        score=np.asarray(score, np.float64),
        rank=np.asarray(rank, np.int16),
        reason=np.zeros(n, np.int8),
        evidence=np.zeros(n, np.int32),
    )


def _places(known: NDArray[np.object_], ids: NDArray[np.object_]) -> NDArray[np.int32]:
    found = pc.index_in(pa.array(ids, pa.string()), pa.array(known, pa.string()))
    place: NDArray[np.int32] = pc.fill_null(found, -1).to_numpy()
    if (place < 0).any():
        raise KeyError(str(ids[int(np.argmin(place))]))
    return place
