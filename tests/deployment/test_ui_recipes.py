"""README's recipes as the UI asks for them: a range of days, and a failed step again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from tests.deployment.processes import Deployment, wait_for

PATIENCE = 600.0
REPOSITORY = {
    "repositoryLocationName": "threads_pipelines",
    "repositoryName": "__repository__",
}
LAUNCH = """mutation ($given: ExecutionParams!) {
  launchRun(executionParams: $given) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
AGAIN = """mutation ($given: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $given) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
BACKFILL = """mutation ($given: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $given) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


def ask(deployment: Deployment, query: str, given: dict[str, Any]) -> dict[str, Any]:
    """The one field of a mutation's answer."""
    body = {"query": query, "variables": {"given": given}}
    answer = httpx.post(f"{deployment.url}/graphql", json=body, timeout=60).json()
    ((field, value),) = (answer.get("data") or {"errors": answer}).items()
    assert value.get("__typename", "").endswith("Success"), (field, value)
    return dict(value)


def ended(deployment: Deployment, instance: DagsterInstance, run_id: str) -> DagsterRun:
    def found() -> DagsterRun:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        return run

    wait_for(lambda: found().is_finished, PATIENCE, deployment.logs)
    return found()


@pytest.mark.soak
def test_a_range_is_backfilled_and_a_failed_step_runs_again_from_the_ui(
    deployment: Deployment, instance: DagsterInstance
) -> None:
    deployment.start("code", "webserver", "daemon")
    days = [f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}" for ago in (4, 3)]
    job = {**REPOSITORY, "jobName": "data_validation"}
    tags = [{"key": "dagster/partition", "value": days[0]}]
    launched = ask(
        deployment,
        LAUNCH,
        {"selector": job, "mode": "default", "executionMetadata": {"tags": tags}},
    )
    failed = ended(deployment, instance, launched["run"]["runId"])
    assert failed.status is DagsterRunStatus.FAILURE  # that day has no version yet

    partitions = {
        "partitionSetName": "nightly_recommendations_partition_set",
        "repositorySelector": REPOSITORY,
    }
    ask(deployment, BACKFILL, {"selector": partitions, "partitionNames": days})
    nights = RunsFilter(job_name="nightly_recommendations", statuses=[DagsterRunStatus.SUCCESS])
    wait_for(lambda: len(instance.get_runs(nights)) == 2, PATIENCE, deployment.logs)
    assert sorted(run.tags["dagster/partition"] for run in instance.get_runs(nights)) == days

    given = {"parentRunId": failed.run_id, "strategy": "FROM_FAILURE"}
    again = ask(deployment, AGAIN, given)["run"]["runId"]
    assert ended(deployment, instance, again).status is DagsterRunStatus.SUCCESS
    steps = {step.step_key for step in instance.get_run_step_stats(again)}
    assert steps == {"validate_data"}
