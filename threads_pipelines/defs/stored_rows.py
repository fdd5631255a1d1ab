"""The checks of a version's stored rows, which a night and a refresh share."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from threads_pipelines.dataset.rows_by_id import rows_of_ids
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.defs.common import blocking, columns, result
from threads_pipelines.evaluation.invariants import CHECKS, Violations
from threads_pipelines.storage.s3.scored import batches

ROW_COLUMNS = columns(
    user_id="text",
    post_id="text",
    score="float64",
    rank="int16",
    reason="text",
    evidence="text",
)
"""Metadata of an asset that stores scored rows."""


def row_check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Make the specs of the checks of scored rows; each stops the steps after ``asset``.

    Args:
        asset: Name of the asset that stores the rows.

    Returns:
        One spec for each entry of ``evaluation.invariants.CHECKS``.
    """
    return blocking(asset, {f"no_{name}": f"Never {fault}." for name, fault in CHECKS.items()})


def row_check_results(found: Violations) -> list[dg.AssetCheckResult]:
    """Make the results of the checks that ``row_check_specs`` declares.

    Args:
        found: Counts and examples of the violations in the stored rows.

    Returns:
        One result for each check; it passes where its count is 0.
    """
    return [
        result(f"no_{name}", count == 0, _description(name, found))
        for name, count in found.counts.items()
    ]


def read_stored_rows(files: Iterable[Path], snapshot: Snapshot) -> Iterator[ScoredRows]:
    """Read scored rows back from their Parquet files.

    Args:
        files: The stored rows, which name users and posts by id.
        snapshot: The snapshot that the rows were made from.

    Yields:
        The rows of one batch, as rows of ``snapshot``.

    Raises:
        KeyError: The snapshot does not have an id; the message is the first such id.
    """
    for table in batches(files, ["user_id", "post_id", "score", "rank"]):
        columns = (column.to_numpy(zero_copy_only=False) for column in table.columns)
        yield rows_of_ids(snapshot, *columns)


def _description(name: str, found: Violations) -> str:
    examples = "; ".join(found.examples.get(name, ()))
    return f"{found.counts[name]:,} x {CHECKS[name]}" + (f": {examples}" if examples else "")
