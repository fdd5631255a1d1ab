"""The results of the engagement guard, and the lists of a person's decisions.

``trust.npz`` and ``flagged.parquet`` belong to a version. ``guard/lists.json`` has the form
``{"allow": [...], "block": [...]}`` with ids of accounts and posts. Only people write it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Ids
from threads_pipelines.errors import ArtefactError
from threads_pipelines.guard.lists import Lists
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore

if TYPE_CHECKING:
    from threads_pipelines.guard.reasons import Flagged

TRUST, FLAGGED = "trust.npz", "flagged.parquet"
LISTS = "guard/lists.json"
SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("trust", pa.float64(), nullable=False),
        pa.field("people", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class StoredTrust:
    """What the accounts and posts of a version count.

    Attributes:
        account: (n_users,) float32 in [0, 1].
        post: (n_posts,) float32 in [0, 1].
        flagged: Ids of the accounts below 1, for use with another snapshot.
    """

    account: NDArray[np.float32]
    post: NDArray[np.float32]
    flagged: Ids

    def of_accounts(self, ids: Ids) -> NDArray[np.float32]:
        """Look up the trust in accounts.

        Args:
            ids: (n,) ids.

        Returns:
            (n,) float32 in [0, 1]; 1 for an unknown account.
        """
        known = dict(zip(self.flagged, self.account[self.account < 1], strict=True))
        return np.array([known.get(one, 1.0) for one in ids], np.float32)


def save_trust(
    store: ArtefactStore,
    partition: str,
    version: str,
    ids: Ids,
    account: NDArray[np.float32],
    post: NDArray[np.float32],
) -> None:
    """Store what the accounts and posts of a version count.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        ids: (n_users,) ids of the accounts.
        account: (n_users,) float32 in [0, 1].
        post: (n_posts,) float32 in [0, 1].
    """
    arrays = {"account": account, "post": post, "flagged": ids[account < 1]}
    store.save_arrays(partition, version, TRUST, arrays)


def load_trust(store: ArtefactStore, partition: str, version: str) -> StoredTrust:
    """Load what the accounts and posts of a version count.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.

    Returns:
        The trust.

    Raises:
        ArtefactError: The file is missing or damaged.
    """
    arrays = store.load_arrays(partition, TRUST, version)
    try:
        return StoredTrust(arrays["account"], arrays["post"], arrays["flagged"])
    except KeyError as error:
        raise ArtefactError(
            f"{TRUST} of {partition} lacks {error}: materialize engagement_guard again"
        ) from error


def save_flagged(
    store: ArtefactStore, partition: str, version: str, rows: Iterable["Flagged"]
) -> None:
    """Store the posts and accounts that count less, with their reasons.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        rows: The posts and accounts.
    """
    table = pa.Table.from_pylist([asdict(row) for row in rows], SCHEMA)
    with store.writing(partition, version, FLAGGED) as draft:
        pq.write_table(table, draft.path, compression="zstd")
        draft.rows = table.num_rows


def load_flagged(store: ArtefactStore, partition: str, version: str) -> pa.Table:
    """Load the posts and accounts of a version that count less.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.

    Returns:
        One row for each.

    Raises:
        ArtefactError: The file is missing or damaged.
    """
    with store.reading(partition, FLAGGED, version) as path:
        return pq.read_table(path, schema=SCHEMA)


def read_lists(store: ObjectStore) -> Lists:
    """Read the lists of a person's decisions.

    Args:
        store: The bucket.

    Returns:
        The lists; empty if there is no file.

    Raises:
        ArtefactError: The file has another form.
    """
    if not store.exists(LISTS):
        return Lists()
    found: Any = store.get_json(LISTS)
    wrong = f'{LISTS} must be {{"allow": [ids], "block": [ids]}}: mend or delete it'
    if not isinstance(found, dict) or not set(found) <= {"allow", "block"}:
        raise ArtefactError(wrong)
    if not all(
        isinstance(ids, list) and all(isinstance(i, str) for i in ids) for ids in found.values()
    ):
        raise ArtefactError(wrong)
    return Lists(**found)
