from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from threads_pipelines.defs.assets.experiment import stored_report
from threads_pipelines.defs.common import retry_only_io_errors
from threads_pipelines.errors import (
    ContractError,
    DatabaseError,
    DataError,
    ObjectStorageError,
    SeedError,
)
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore


def step(error: Exception) -> Any:
    raise error


def steps(error: Exception) -> Iterator[str]:
    yield "the first half"
    raise error


STAY = {
    SeedError("entry 1"): "entry 1",
    ContractError("no column"): "no column",
    AssertionError(): "AssertionError: ",
    ValueError("'2026' is not a time"): "ValueError: '2026' is not a time",
}
PASS_BY = [
    DatabaseError("the connection was lost"),
    ObjectStorageError("the server went away"),
    ConnectionResetError("by peer"),
    OperationalError("SELECT", None, Exception("Dagster's storage is locked")),
    dg.RetryRequested(max_retries=1),
]


@pytest.mark.parametrize("function", [step, steps])
@pytest.mark.parametrize("stays", STAY, ids=lambda error: type(error).__name__)
def test_what_stays_fails_at_once(function: Callable[[Exception], Any], stays: Exception) -> None:
    with pytest.raises(dg.Failure) as failed:
        list(retry_only_io_errors(function)(stays))
    assert not failed.value.allow_retries
    assert failed.value.description == STAY[stays]
    assert failed.value.__cause__ is stays


@pytest.mark.parametrize("function", [step, steps])
@pytest.mark.parametrize("passes", PASS_BY, ids=lambda error: type(error).__name__)
def test_only_io_is_tried_again(function: Callable[[Exception], Any], passes: Exception) -> None:
    with pytest.raises(type(passes)) as failed:
        list(retry_only_io_errors(function)(passes))
    assert failed.value is passes


@pytest.mark.parametrize("function", [step, steps])
def test_a_failure_that_a_step_words_itself_stays_as_it_is(
    function: Callable[[Exception], Any],
) -> None:
    worded = dg.Failure("stopped", metadata={"parts": 1}, allow_retries=False)
    with pytest.raises(dg.Failure) as failed:
        list(retry_only_io_errors(function)(worded))
    assert failed.value is worded


def test_a_partition_without_a_report_says_what_to_materialize(
    s3_settings: S3Settings,
) -> None:
    with pytest.raises(DataError, match="2026-01-01 has no experiment report: materialize"):
        stored_report(ObjectStore(s3_settings), "2026-01-01")
