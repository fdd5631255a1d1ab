"""What a launch asks for: the run that it continues, and the day that it serves."""

import dagster as dg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from threads_pipelines.errors import ConfigurationError

_CONTINUABLE = {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}


def run_to_continue(instance: DagsterInstance, run_id: str) -> DagsterRun:
    """Find the failed or stopped run that a launch continues.

    Args:
        instance: Dagster's instance.
        run_id: Id of the run.

    Returns:
        The run.

    Raises:
        ConfigurationError: There is no such run, or it was continued already.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or run.status not in _CONTINUABLE:
        state = run.status.value.lower() if run else "not there"
        raise ConfigurationError(
            f"Only a failed or stopped run can be continued: run {run_id} is {state}"
        )
    for later in instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run_id}), limit=1):
        raise ConfigurationError(
            f"Run {run_id} was continued already, by run {later.run_id} "
            f"({later.status.value.lower()}): name that one, where it is to be continued"
        )
    return run


def partition_to_serve(partitions: dg.PartitionsDefinition, asked: str | None) -> str:
    """Choose the partition of a run.

    Args:
        partitions: The partitions of the job.
        asked: The partition that is asked for; None for the latest.

    Returns:
        Its key.

    Raises:
        ConfigurationError: There is no such partition.
    """
    known = partitions.get_partition_keys()
    if asked is None:
        return known[-1]
    if asked not in known:
        raise ConfigurationError(
            f"There is no partition {asked!r}: days go from {known[0]} to {known[-1]}"
        )
    return asked
