"""Containers that end in the midst of a night: it is continued, or reported, and blocks nothing."""

import json
import subprocess
from datetime import UTC, datetime

from tools.compose_trial.project import IN_CODE, Project, wait_for
from tools.compose_trial.steps.operation import FEEDS

_PATIENCE = 600.0
# A night of the trial is short enough to end within the time that containers are given to stop.
_DOWN = "docker compose down --timeout 2"
_JOB = "nightly_recommendations"
_LAUNCH = """
import json, sys, urllib.request
query = '''mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } } }'''
selector = {"repositoryLocationName": "threads_pipelines", "repositoryName": "__repository__",
            "jobName": sys.argv[1]}
tags = [{"key": "dagster/partition", "value": sys.argv[2]}]
given = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tags}}
body = json.dumps({"query": query, "variables": {"p": given}}).encode()
request = urllib.request.Request(
    "http://webserver:3000/graphql", body, {"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=60).read().decode())
"""


def down_in_a_night(project: Project) -> None:
    """``docker compose down`` ends a night of the daemon; after ``up`` it is continued."""
    before = project.sql(FEEDS)
    run = _launched_by_the_daemon(project)
    _wait_until_it_works(project, run)
    with project.timed("down"):
        project.shell(_DOWN)
    with project.timed("up again"):
        project.shell("docker compose up --detach --wait")
    _assert_continued(project, run, before)


def code_killed(project: Project) -> None:
    """SIGKILL of the container of the code: Docker starts it again, and the night is continued."""
    before = project.sql(FEEDS)
    run = _launched_by_the_daemon(project)
    _wait_until_it_works(project, run)
    pid = project.inspect("code", "State.Pid")
    assert isinstance(pid, int)
    project.engine.kill(pid)
    _assert_continued(project, run, before)
    assert project.inspect("code", "RestartCount") == 1


def down_in_a_launch(project: Project) -> None:
    """A night launched by hand ends with the containers; it is reported and blocks no later one."""
    known = project.sql("SELECT count(*) FROM runs", "dagster")
    by_hand = subprocess.Popen(
        [
            *("nsenter", f"--net=/proc/{project.engine.pid}/ns/net", "--", "sh", "-c"),
            f"{IN_CODE} threads-pipelines launch {_JOB}",
        ],
        env=project.engine.environment,
        cwd=project.checkout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    count = "SELECT count(*) FROM runs"
    wait_for(lambda: project.sql(count, "dagster") != known, _PATIENCE, "the run is made")
    run = project.sql("SELECT run_id FROM runs ORDER BY id DESC LIMIT 1", "dagster")
    _wait_until_it_works(project, run)
    project.shell(_DOWN)
    assert by_hand.wait(60) != 0
    project.shell("docker compose up --detach --wait")
    ended = lambda: _status(project, run) == "FAILURE"  # noqa: E731
    wait_for(ended, _PATIENCE, f"run {run} is reported as failed")
    project.command(f"threads-pipelines retry {run}")


def _launched_by_the_daemon(project: Project) -> str:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    answer = json.loads(project.python("code", _LAUNCH, _JOB, day))
    launched = answer["data"]["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def _wait_until_it_works(project: Project, run: str) -> None:
    steps = (
        f"SELECT count(*) FROM event_logs WHERE run_id = '{run}' "
        "AND dagster_event_type = 'STEP_SUCCESS'"
    )
    wait_for(lambda: int(project.sql(steps, "dagster")) >= 2, _PATIENCE, f"two steps of {run}")
    assert _status(project, run) == "STARTED"


def _status(project: Project, run: str) -> str:
    return project.sql(f"SELECT status FROM runs WHERE run_id = '{run}'", "dagster")


def _assert_continued(project: Project, run: str, feeds: str) -> None:
    continued = (
        "SELECT r.status FROM runs r JOIN run_tags t ON t.run_id = r.run_id "
        f"WHERE t.key = 'dagster/parent_run_id' AND t.value = '{run}'"
    )
    with project.timed("until it is reported"):
        wait_for(lambda: _status(project, run) == "FAILURE", _PATIENCE, f"{run} is reported")
    with project.timed("until it is continued to its end"):
        wait_for(
            lambda: project.sql(continued, "dagster") == "SUCCESS", _PATIENCE, f"{run} is continued"
        )
    assert project.sql(FEEDS) != feeds, "the continued night published nothing"
