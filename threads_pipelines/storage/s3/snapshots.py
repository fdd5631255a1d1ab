"""A ``Snapshot`` as the array file ``matrix.npz`` of a version."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.dataset.snapshot_checks import misfitting
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.versions.manifest import Manifest

MATRIX = "matrix.npz"
_TABLES: dict[str, Any] = {"users": Users, "posts": Posts, "interactions": Interactions}


def save_snapshot(
    store: ArtefactStore, partition: str, version: str, snapshot: Snapshot
) -> Manifest:
    """Store a snapshot. The row count of the file is its number of interactions.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        snapshot: The snapshot.

    Returns:
        The stored manifest.
    """
    arrays: dict[str, NDArray] = {
        f"{table}.{name}": getattr(getattr(snapshot, table), name)
        for table, kind in _TABLES.items()
        for name in kind.__dataclass_fields__
    }
    # A pair seen is a place in the matrix: the values are all True.
    arrays["seen.indices"] = snapshot.seen.indices
    arrays["seen.indptr"] = snapshot.seen.indptr
    arrays["as_of"] = np.array(snapshot.as_of, np.int64)
    arrays["timed"] = np.array(snapshot.timed)
    return store.save_arrays(partition, version, MATRIX, arrays, rows=len(snapshot.interactions))


def load_snapshot(store: ArtefactStore, partition: str, version: str | None = None) -> Snapshot:
    """Load the snapshot of a version.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version. Default: the current one.

    Returns:
        The snapshot.

    Raises:
        ArtefactError: The file is missing, damaged, or its arrays do not fit each other.
    """
    from scipy.sparse import csr_matrix

    arrays = store.load_arrays(partition, MATRIX, version)
    try:
        users, posts, interactions = (
            kind(**{name: arrays[f"{table}.{name}"] for name in kind.__dataclass_fields__})
            for table, kind in _TABLES.items()
        )
        indices = arrays["seen.indices"]
        seen = csr_matrix(
            (np.ones(len(indices), bool), indices, arrays["seen.indptr"]),
            shape=(len(users.ids), len(posts.ids)),
        )
        seen.has_sorted_indices = True
        as_of, timed = int(arrays["as_of"]), bool(arrays["timed"])
        seen.check_format()
    except KeyError as error:
        raise ArtefactError(
            f"{MATRIX} of {partition} lacks {error}: materialize it again"
        ) from error
    except (TypeError, ValueError) as error:
        raise ArtefactError(
            f"{MATRIX} of {partition} does not fit together ({error}): materialize it again"
        ) from error
    snapshot = Snapshot(users, posts, interactions, seen, as_of, timed)
    if misfit := misfitting(snapshot):
        raise ArtefactError(
            f"{MATRIX} of {partition} does not fit together ({misfit}): materialize it again"
        )
    return snapshot
