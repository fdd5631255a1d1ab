from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from threads_pipelines.defs.common import once_unless_io
from threads_pipelines.defs.experiment import stored_report
from threads_pipelines.errors import ContractError, DatabaseError, DataError, SeedError
from threads_pipelines.settings import S3Settings
from threads_pipelines.storage.objects import ObjectStore


def step(error: Exception) -> Any:
    raise error


def steps(error: Exception) -> Iterator[str]:
    yield "the first half"
    raise error


@pytest.mark.parametrize("function", [step, steps])
def test_only_io_is_tried_again(function: Callable[[Exception], Any]) -> None:
    for stays in (SeedError("entry 1"), ContractError("no column")):
        with pytest.raises(dg.Failure) as failed:
            list(once_unless_io(function)(stays))
        assert not failed.value.allow_retries
        assert str(stays) in str(failed.value.description)
    with pytest.raises(DatabaseError):
        list(once_unless_io(function)(DatabaseError("the connection was lost")))


def test_a_partition_without_a_report_says_what_to_materialize(
    s3_settings: S3Settings,
) -> None:
    with pytest.raises(DataError, match="2026-01-01 has no experiment report: materialize"):
        stored_report(ObjectStore(s3_settings), "2026-01-01")
