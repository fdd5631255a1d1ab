"""The lines that a run shows on the console, although the storage that they come from may fail."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRun
from sqlalchemy.exc import OperationalError

from threads_pipelines.runner.progress import Progress


@dg.op
def say_something(context: dg.OpExecutionContext) -> None:
    """Say a line."""
    context.log.info("a line for the operator")


@dg.job
def talk() -> None:
    """Say a line."""
    say_something()


@pytest.mark.parametrize("failures", [1, 3])
def test_a_storage_that_fails_for_a_while_loses_no_line(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    failures: int,
) -> None:
    errors = [OperationalError("SELECT", None, Exception("locked"))] * failures
    get_runs = instance.get_runs

    def fails_at_first(*given: Any, **named: Any) -> Sequence[DagsterRun]:
        if errors:
            raise errors.pop()
        return get_runs(*given, **named)

    result = talk.execute_in_process(instance=instance, tags={"followed": "yes"})
    assert result.success
    monkeypatch.setattr(instance, "get_runs", fails_at_first)
    with Progress(instance, "followed", "yes"):
        pass
    assert errors == []
    assert capfd.readouterr().out.count("a line for the operator") == 1


@dg.op
def break_down() -> None:
    """Fail."""
    raise dg.Failure("broken")


@dg.job
def breaks() -> None:
    """Fail."""
    break_down()


def test_a_failed_run_says_how_to_continue_it(
    instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    failed = breaks.execute_in_process(
        instance=instance, tags={"followed": "yes"}, raise_on_error=False
    )
    with Progress(instance, "followed", "yes"):
        pass
    shown = " ".join(capfd.readouterr().out.split())
    assert f"the run failed; to continue it: threads-pipelines retry {failed.run_id}" in shown
