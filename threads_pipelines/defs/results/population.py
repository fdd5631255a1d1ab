"""The metadata and check results of a synthetic population."""

from collections.abc import Iterator

import dagster as dg
import numpy as np
import pyarrow as pa

from threads_pipelines.defs.common import preview, result, rows_made
from threads_pipelines.defs.resources.synthetic import SyntheticData
from threads_pipelines.population.behaviour.funnel import KINDS
from threads_pipelines.population.checks import dangling, outside_window
from threads_pipelines.population.generate import Population
from threads_pipelines.population.realism.table import as_markdown, compare, events_of
from threads_pipelines.population.tables import table
from threads_pipelines.storage.postgres.accounts.add import AddedAccounts
from threads_pipelines.storage.postgres.bulk import arrow_table


def name_conflicts(accounts: AddedAccounts) -> Iterator[str]:
    """Describe accounts whose names or emails people already have.

    Args:
        accounts: Result of adding the accounts.

    Yields:
        Sentences.
    """
    if accounts.renamed:
        names = ", ".join(list(accounts.renamed.values())[:5])
        yield f"{len(accounts.renamed):,} accounts got another username, theirs was taken: {names}"
    if accounts.left_out:
        ids = ", ".join(accounts.left_out[:5])
        yield (
            f"{len(accounts.left_out):,} accounts were left out with all that is theirs, for a "
            f"person has their email: {ids}"
        )


def rows_of_table(made: Population, name: str) -> tuple[list[pa.Table], int]:
    """Return the rows of a table.

    Args:
        made: The population.
        name: Name of the table.

    Returns:
        The rows as one Arrow table, and their number.
    """
    rows = arrow_table(name, table(made, name))
    return [rows], rows.num_rows


def table_result(
    made: Population, asset: str, name: str, added: int, **more: int
) -> dg.MaterializeResult:
    """Make the result of an asset that wrote one table.

    Args:
        made: The population.
        asset: Name of the asset.
        name: Name of the table.
        added: Number of new rows.
        more: Further counts.

    Returns:
        The result.
    """
    (rows,), count = rows_of_table(made, name)
    first = rows.slice(0, 10)
    return dg.MaterializeResult(
        asset_key=asset,
        metadata=rows_made(
            count,
            rows_added=added,
            run_key=made.run_key,
            preview=preview(first.column_names, [list(row.values()) for row in first.to_pylist()]),
            **more,
        ),
    )


def interactions_result(
    made: Population, synthetic: SyntheticData, added: int, likes: int, comments: int
) -> dg.MaterializeResult:
    """Make the result of the interactions, with their statistics and checks.

    Args:
        made: The population.
        synthetic: The run config of the population.
        added: Number of new interactions.
        likes: Number of new likes.
        comments: Number of new comments.

    Returns:
        The result.
    """
    events = made.interactions
    outside = outside_window(made, synthetic.population().window_days)
    loose = dangling(made)
    kinds = np.bincount(events.kind, minlength=len(KINDS)).tolist()
    return dg.MaterializeResult(
        asset_key="synthetic_interactions",
        metadata=rows_made(
            len(events),
            rows_added=added,
            likes_added=likes,
            comments_added=comments,
            run_key=made.run_key,
            types=dict(zip(KINDS, kinds, strict=True)),
            realism=dg.MetadataValue.md(as_markdown(compare(events_of(events)))),
        ),
        check_results=[
            result("within_window", outside == 0, f"{outside:,} interactions out of their time"),
            result("refers_to_rows", loose == 0, f"{loose:,} references to nothing"),
        ],
    )
