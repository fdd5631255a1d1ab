"""A range of days: which of them run after one that failed, and what is said at the end."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from threads_pipelines.cli import dagster as console
from threads_pipelines.cli.main import cli
from threads_pipelines.settings import Settings

DAYS = [f"2026-11-{day}" for day in (17, 18, 19, 20)]
Backfill = Callable[[dict[str, int]], tuple[Result, list[str]]]


@pytest.fixture
def backfill(environment: pytest.MonkeyPatch) -> Backfill:
    """Run the four days, each of which ends with its exit code; the others succeed."""

    def start(codes: dict[str, int]) -> tuple[Result, list[str]]:
        days: list[str] = []

        def run_job(_loaded: Settings, _job: str, day: str, _config: dict[str, Any]) -> int:
            days.append(day)
            return codes.get(day, 0)

        environment.setattr(console, "run_job", run_job)
        words = ["backfill", "--from", DAYS[0], "--to", DAYS[-1]]
        return CliRunner().invoke(cli, words), days

    return start


def test_a_day_that_fails_does_not_hold_up_the_others(backfill: Backfill) -> None:
    result, days = backfill({DAYS[0]: 1, DAYS[2]: 1})
    assert days == DAYS
    assert result.exit_code == 1
    assert result.output.endswith(f"Failed: {DAYS[0]}, {DAYS[2]}\n")


def test_days_that_succeed_end_well(backfill: Backfill) -> None:
    result, days = backfill({})
    assert days == DAYS
    assert result.exit_code == 0
    assert "Failed" not in result.output


def test_an_ill_service_stops_it(environment: pytest.MonkeyPatch, backfill: Backfill) -> None:
    environment.setenv("DATABASE_URL", "postgresql://someone:planted-secret@127.0.0.1:1/app")
    result, days = backfill({DAYS[1]: 1})
    assert days == DAYS[:2]
    assert result.exit_code == 1
    assert "the other days would fail as well: database: " in result.output
    assert "planted-secret" not in result.output
    assert result.output.endswith(f"Failed: {DAYS[1]}\n")


def test_a_request_that_cannot_be_right_stops_it(backfill: Backfill) -> None:
    result, days = backfill({DAYS[0]: 2})
    assert days == DAYS[:1]
    assert result.exit_code == 2
