"""What all assets have in common: owners, retries, cost, and metadata made from results."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from threads_pipelines.defs.cost import measured
from threads_pipelines.errors import (
    ContractError,
    DatabaseError,
    ObjectStorageError,
    ThreadsPipelinesError,
)
from threads_pipelines.reporting.tables import markdown_table

OWNERS = ["team:threads-pipelines"]

# I/O fails for reasons that pass by themselves; arithmetic does not.
RETRY_IO = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)


def asset(**spec: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Make an asset as ``dagster.asset`` does, with the project's owners, I/O retries and cost
    report.

    Args:
        spec: Arguments of ``dagster.asset``.

    Returns:
        The decorator.
    """

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        made: dg.AssetsDefinition = dg.asset(owners=OWNERS, retry_policy=RETRY_IO, **spec)(
            measured(retry_only_io_errors(function))
        )
        return made

    return decorate


def retry_only_io_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a step fail without a retry unless the error is one of input or output.

    A retry can help after a lost connection. It cannot help after a bad seed file.

    Args:
        function: The body of an asset or op: a function or a generator function.

    Returns:
        The wrapped function. Every other exception becomes ``dagster.Failure`` with retries
        disallowed.
    """

    @functools.wraps(function)
    def step(*given: Any, **named: Any) -> Any:
        with _only_io_errors_are_retried():
            return function(*given, **named)

    @functools.wraps(function)
    def steps(*given: Any, **named: Any) -> Iterator[Any]:
        with _only_io_errors_are_retried():
            yield from function(*given, **named)

    return steps if inspect.isgeneratorfunction(function) else step


def _io_errors() -> tuple[type[Exception], ...]:
    """Return the project's I/O errors, and those of files, sockets and Dagster's own storage."""
    import psycopg2
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    ours = (DatabaseError, ObjectStorageError)
    return (*ours, OSError, psycopg2.Error, SQLAlchemyError, DagsterPostgresException)


@contextmanager
def _only_io_errors_are_retried() -> Iterator[None]:
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        if isinstance(error, _io_errors()) and not isinstance(error, ContractError):
            raise
        ours = isinstance(error, ThreadsPipelinesError)
        said = str(error) if ours else f"{type(error).__name__}: {error}"
        raise dg.Failure(said, allow_retries=False) from error


def columns(**types: str) -> dict[str, dg.TableSchema]:
    """Describe the columns of an asset's output for its definition metadata.

    Args:
        types: Name and type of each column.

    Returns:
        Metadata with the key ``dagster/column_schema``.
    """
    schema = [dg.TableColumn(name, kind) for name, kind in types.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=schema)}


def preview(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """Make a Markdown table for the metadata of a materialization.

    Args:
        names: Column headings.
        rows: Rows, each as long as ``names``.

    Returns:
        The table as Dagster metadata.
    """
    return dg.MetadataValue.md(markdown_table(names, rows))


def rows_made(count: int, **more: Any) -> dict[str, Any]:
    """Make the metadata of a materialization, with its row count.

    Args:
        count: Number of rows that the asset holds.
        more: Other metadata.

    Returns:
        ``more`` with the key ``dagster/row_count``.
    """
    return {"dagster/row_count": int(count), **more}


def result(
    name: str,
    passed: bool,
    sentence: str,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    **metadata: Any,
) -> dg.AssetCheckResult:
    """Make the result of an asset check, for the asset that returns it.

    Args:
        name: Name of the check, as in its spec.
        passed: Whether the check passed.
        sentence: What was found.
        severity: Severity of a failure.
        metadata: Further metadata.

    Returns:
        The result.
    """
    return dg.AssetCheckResult(
        check_name=name,
        passed=bool(passed),
        severity=severity,
        description=sentence,
        metadata=metadata,
    )


def blocking(asset: str, checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """Make specs of checks that stop the steps after ``asset`` when they fail.

    Args:
        asset: Name of the asset.
        checks: Description of each check by name.

    Returns:
        One spec for each check.
    """
    return [
        dg.AssetCheckSpec(name, asset=asset, description=description, blocking=True)
        for name, description in checks.items()
    ]


def max_runtime(seconds: int) -> dict[str, str]:
    """Return the tags of a job whose runs Dagster's daemon ends after a time limit.

    A run that hangs would hold the publisher's lease for ever. The limits are generous, and shorter
    than the day after which files without a manifest are deleted.

    Args:
        seconds: The time limit.

    Returns:
        The tags.
    """
    return {"dagster/max_runtime": str(seconds)}
