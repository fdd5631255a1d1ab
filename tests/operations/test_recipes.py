"""README's recipes, typed as they are there, in their order, on a small app with real servers.

The names and days in them are replaced by ones that exist, and the large population by a small one.
Each command runs in this process, and so does the Dagster that it starts.
"""

import json
import re
import shlex
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from tests.deployment.conftest import PEOPLE
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.cli import dagster as console
from threads_pipelines.cli import dagster_process
from threads_pipelines.cli.main import cli
from threads_pipelines.defs.assets import publish
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.errors import ContractError
from threads_pipelines.project_files import PROJECT_ROOT, SEEDS_DIR
from threads_pipelines.runner import launch
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.synthetic.seed_files import upload_seeds

README = (PROJECT_ROOT / "README.md").read_text()
BLOCK = README.partition("## Launchpad recipes")[2].partition("```sh\n")[2].partition("```")[0]
LINES = [line for line in BLOCK.splitlines() if line and not line.startswith("#")]
WRITTEN_ON = date(2026, 11, 23)
TODAY = datetime.now(UTC).date()
SMALLER = {"5000": "40", "500000": "600"}
LIVE = (
    "SELECT user_id, count(*), max(expires_at - generated_at) FROM user_recommendation GROUP BY 1"
)
FOR_SEVEN = {
    "resources": {"audience": {"config": {"users": ["u007"]}}},
    "ops": {"user_recommendation": {"config": {"ttl_hours": 72}}},
}
job_named = launch.job_named


@dataclass
class Operator:
    """Who types the recipes, and what they see."""

    app: AppDatabase
    instance: dg.DagsterInstance
    names: dict[str, str] = field(default_factory=dict)

    def types(self, line: str, code: int = 0) -> str:
        """Type a line of README; return what it printed."""
        line = re.sub(r"\d{4}-\d\d-\d\d", self._that_day, line)
        line = re.sub(r"\b[A-Z]+_?[A-Z]+\b", lambda name: self.names[name[0]], line)
        line = re.sub(r"\b5000+\b", lambda number: SMALLER[number[0]], line)
        program, *words = shlex.split(line)
        assert program == "threads-pipelines"
        result = CliRunner().invoke(cli, words, input="y\n")
        assert result.exit_code == code, f"{line}\n{result.output}\n{self._why()}"
        return result.output

    def runs(self, **given: Any) -> list[dg.DagsterRun]:
        """Runs, the newest first."""
        return list(self.instance.get_runs(dg.RunsFilter(**given)))

    def steps(self, run_id: str) -> set[str]:
        return {step.step_key for step in self.instance.get_run_step_stats(run_id)}

    def feeds(self) -> dict[str, tuple[int, timedelta]]:
        return {user: (count, lives) for user, count, lives in self.app.rows(LIVE)}

    def accounts(self) -> int:
        return int(self.app.rows('SELECT count(*) FROM "user"')[0][0])

    def _why(self) -> list[str]:
        (run, *_) = self.runs()
        failed = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return [failure_of(entry.get_dagster_event()) for entry in failed]

    @staticmethod
    def _that_day(found: re.Match[str]) -> str:
        return (TODAY - (WRITTEN_ON - date.fromisoformat(found[0]))).isoformat()


@pytest.fixture
def operator(
    own_database: AppDatabase, environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> Operator:
    environment.setenv("DATABASE_URL", own_database.url)
    environment.setenv("THREADS_WITH_REAL_ACCOUNTS", "yes")
    own_database.rows(PEOPLE)
    upload_seeds(ObjectStore(settings.load().s3), SEEDS_DIR)

    def in_this_process(
        _loaded: settings.Settings,
        job: str,
        partition: str | None = None,
        run_config: dict[str, Any] | None = None,
        retry_of: str | None = None,
    ) -> int:
        """Stand in for ``run_job``, which starts a process."""
        words = [job, "--config", json.dumps(run_config or {})]
        words += ["--partition", partition] if partition else []
        words += ["--retry-of", retry_of] if retry_of else []
        return launch.main(words)

    def in_one_process(name: str) -> dg.JobDefinition:
        return job_named(name).with_executor_def(dg.in_process_executor)

    in_one_process.__name__ = job_named.__name__  # Dagster finds it by its name
    environment.setattr(launch, job_named.__name__, in_one_process)
    for module in (console, dagster_process):
        environment.setattr(module, "run_job", in_this_process)
    environment.setattr(dg.DagsterInstance, "get", lambda: nullcontext(instance))
    return Operator(own_database, instance)


def tonight(operator: Operator, line: str) -> None:
    operator.types(line)
    assert operator.feeds() == dict.fromkeys(users(), (50, timedelta(hours=48)))


def between_nights(operator: Operator, line: str) -> None:
    operator.names["USER_ID"] = "u007"
    before = operator.feeds()
    operator.types(line)
    assert operator.runs()[0].status is dg.DagsterRunStatus.SUCCESS
    assert set(operator.feeds()) == set(before)


def a_past_day(operator: Operator, line: str) -> None:
    before = operator.app.rows(LIVE)
    operator.types(line)
    (run, *_) = operator.runs()
    assert run.tags["dagster/partition"] == f"{TODAY - timedelta(days=3)}"
    assert operator.app.rows(LIVE) == before  # archived


def a_range(operator: Operator, line: str) -> None:
    operator.types(line)
    days = [run.tags["dagster/partition"] for run in operator.runs()[:3]]
    assert days == [f"{TODAY - timedelta(days=ago)}" for ago in (3, 4, 5)]


def shorter_feeds(operator: Operator, line: str) -> None:
    operator.types(line)
    assert operator.feeds() == dict.fromkeys(users(), (20, timedelta(hours=72)))


def some_accounts(operator: Operator, line: str) -> None:
    operator.types(line.replace("USER_ID", "nobody"), code=1)
    assert operator.runs()[0].status is dg.DagsterRunStatus.FAILURE
    operator.names["USER_ID"] = "u007"
    operator.types(line)
    (seven, *others) = sorted(operator.feeds().items(), key=lambda feed: feed[0] != "u007")
    assert seven == ("u007", (50, timedelta(hours=48)))
    assert {feed for _, feed in others} == {(20, timedelta(hours=72))}


def another_population(operator: Operator, line: str) -> None:
    before = operator.accounts()
    operator.types(line)
    assert operator.accounts() >= before + 40


def tune(operator: Operator, line: str) -> None:
    operator.types(line)
    assert f"tuning/{TODAY}.json" in stored("tuning/")


def continue_it(operator: Operator, line: str) -> None:
    def fails(*_args: object, **_kwargs: object) -> None:
        raise ContractError("stands for a table that the app's owner has just changed")

    before = operator.feeds()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "publish", fails)
        launch_it = "threads-pipelines launch nightly_recommendations --config"
        operator.types(f"{launch_it} {shlex.quote(json.dumps(FOR_SEVEN))}", code=1)
    failed = operator.runs()[0]
    operator.names["RUN_ID"] = failed.run_id
    operator.types(line)
    (again, *_) = operator.runs()
    assert again.parent_run_id == failed.run_id
    assert operator.steps(again.run_id) == {"user_recommendation", "validate_data"}
    before["u007"] = (50, timedelta(hours=72))  # with the failed run's config
    assert operator.feeds() == before


def what_counts_less(operator: Operator, line: str) -> None:
    assert "engagement guard was off" in operator.types(line)


def look_before(operator: Operator, line: str) -> None:
    before = operator.app.rows("SELECT * FROM user_recommendation ORDER BY id")
    operator.types(line)
    assert operator.app.rows("SELECT * FROM user_recommendation ORDER BY id") == before


def list_versions(operator: Operator, line: str) -> None:
    registry = read_registry(ObjectStore(settings.load().s3))
    assert registry.active
    assert registry.previous
    operator.names["VERSION"] = registry.previous.version
    assert registry.active.version[:8] in operator.types(line)


def roll_back(operator: Operator, line: str) -> None:
    operator.types(line)
    pinned = read_pin(ObjectStore(settings.load().s3))
    assert pinned
    assert pinned.version == operator.names["VERSION"]


def end_the_rollback(operator: Operator, line: str) -> None:
    operator.types(line)
    assert read_pin(ObjectStore(settings.load().s3)) is None


def let_them_act(operator: Operator, line: str) -> None:
    before = operator.accounts()
    operator.types(line)
    assert operator.accounts() > before


def keep_them_small(operator: Operator, line: str) -> None:
    operator.types(line)


def remove_them(operator: Operator, line: str) -> None:
    before = operator.accounts()
    operator.types(line)
    assert len(users()) <= operator.accounts() < before


def remove_all_synthetic(operator: Operator, line: str) -> None:
    operator.types(line)
    assert operator.accounts() == len(users())


def users() -> list[str]:
    return [f"u{n:03}" for n in range(1, 41)]


def stored(prefix: str) -> list[str]:
    return [item.key for item in ObjectStore(settings.load().s3).listing(prefix)]


RECIPES: list[Callable[[Operator, str], None]] = [
    *(tonight, between_nights, between_nights, a_past_day, a_range, shorter_feeds, some_accounts),
    *(another_population, tune),
    *(continue_it, what_counts_less, look_before, list_versions, roll_back, end_the_rollback),
    *(let_them_act, keep_them_small, remove_them, remove_all_synthetic),
]


@pytest.mark.slow
def test_every_recipe_does_what_it_says(operator: Operator) -> None:
    for recipe, line in zip(RECIPES, LINES, strict=True):
        recipe(operator, line)
