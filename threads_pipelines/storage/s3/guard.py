"""What the engagement guard found in a version, and the lists on which a person has decided.

``trust.npz`` and ``flagged.parquet`` belong to a version. ``guard/lists.json`` holds
``{"allow": [...], "block": [...]}``, ids of accounts and posts; a person writes it, nobody else.
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
    """What the accounts and the posts of a version count, in [0, 1].

    account, post: (n_users,) and (n_posts,) float32. flagged: ids of the accounts below 1, so that
    another snapshot can be told of them.
    """

    account: NDArray[np.float32]
    post: NDArray[np.float32]
    flagged: Ids

    def of_accounts(self, ids: Ids) -> NDArray[np.float32]:
        """(n,) what was found of these accounts; 1 for those that are not known."""
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
    """Store what the accounts, of these ids, and the posts of a version count."""
    arrays = {"account": account, "post": post, "flagged": ids[account < 1]}
    store.save_arrays(partition, version, TRUST, arrays)


def load_trust(store: ArtefactStore, partition: str, version: str) -> StoredTrust:
    """What the guard stored with a version; ArtefactError where it is missing."""
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
    """Store the posts and accounts that count less, with their reasons."""
    table = pa.Table.from_pylist([asdict(row) for row in rows], SCHEMA)
    with store.writing(partition, version, FLAGGED) as draft:
        pq.write_table(table, draft.path, compression="zstd")
        draft.rows = table.num_rows


def load_flagged(store: ArtefactStore, partition: str, version: str) -> pa.Table:
    """The posts and accounts of a version that count less; ArtefactError where it is missing."""
    with store.reading(partition, FLAGGED, version) as path:
        return pq.read_table(path, schema=SCHEMA)


def read_lists(store: ObjectStore) -> Lists:
    """The lists that a person keeps; empty where there is no file.

    Raises:
        ArtefactError: The file is not what it should be.
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
