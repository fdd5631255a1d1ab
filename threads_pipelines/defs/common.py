"""What every asset says of itself, and how results become metadata."""

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
    """``dagster.asset`` with what all of ours share: owners, retries of I/O alone, their cost."""

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        made: dg.AssetsDefinition = dg.asset(owners=OWNERS, retry_policy=RETRY_IO, **spec)(
            measured(once_unless_io(function))
        )
        return made

    return decorate


def once_unless_io(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a step that failed for a reason that stays, such as a bad seed file, fail at once."""

    @functools.wraps(function)
    def step(*given: Any, **named: Any) -> Any:
        with _no_retry_unless_io():
            return function(*given, **named)

    @functools.wraps(function)
    def steps(*given: Any, **named: Any) -> Iterator[Any]:
        with _no_retry_unless_io():
            yield from function(*given, **named)

    return steps if inspect.isgeneratorfunction(function) else step


def _io_errors() -> tuple[type[Exception], ...]:
    """Ours, and what comes unworded: of files and sockets, and of Dagster's storage (steps log)."""
    import psycopg2
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    ours = (DatabaseError, ObjectStorageError)
    return (*ours, OSError, psycopg2.Error, SQLAlchemyError, DagsterPostgresException)


@contextmanager
def _no_retry_unless_io() -> Iterator[None]:
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
    """Definition metadata: the columns of what the asset makes and their types."""
    schema = [dg.TableColumn(name, kind) for name, kind in types.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=schema)}


def preview(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """A table to look at in the UI."""
    return dg.MetadataValue.md(markdown_table(names, rows))


def rows_made(count: int, **more: Any) -> dict[str, Any]:
    """Metadata of a materialization: its row count, then whatever else there is to say."""
    return {"dagster/row_count": int(count), **more}


def result(
    name: str,
    passed: bool,
    sentence: str,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    **metadata: Any,
) -> dg.AssetCheckResult:
    """Outcome of the check ``name`` of the asset that returns it."""
    return dg.AssetCheckResult(
        check_name=name,
        passed=bool(passed),
        severity=severity,
        description=sentence,
        metadata=metadata,
    )


def blocking(asset: str, checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """Specs of checks that stop what is downstream, from name to description."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=description, blocking=True)
        for name, description in checks.items()
    ]


def max_runtime(seconds: int) -> dict[str, str]:
    """Return the tags of a job whose runs Dagster's daemon ends after ``seconds``.

    A run that hangs would hold the publisher's place for ever. The times are generous, and less
    than the day after which files without a manifest count as debris.
    """
    return {"dagster/max_runtime": str(seconds)}
