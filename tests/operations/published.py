"""Publish versions and launch jobs on the tests' own database and bucket."""

import dagster as dg

from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage

RESOURCES = {"database": Database(), "storage": ObjectStorage(), "audience": Audience()}


def publish_night(partition: str, instance: dg.DagsterInstance) -> str:
    """Publish the current version of a day; return the state that the asset reports."""
    result = dg.materialize(
        [user_recommendation], partition_key=partition, instance=instance, resources=RESOURCES
    )
    assert all(check.passed for check in result.get_asset_check_evaluations())
    (made,) = result.asset_materializations_for_node("user_recommendation")
    return str(made.metadata["state"].value)


def launch(job: dg.JobDefinition, instance: dg.DagsterInstance, **config: str) -> list[str]:
    """Run a job as the launchpad does; return what it logged."""
    op = job.nodes_in_topological_order[-1].name
    result = job.execute_in_process(
        run_config={"ops": {op: {"config": config}}} if config else {},
        resources=RESOURCES,
        instance=instance,
    )
    assert result.success
    return [record.user_message for record in instance.all_logs(result.run_id)]
