"""The version that a run works on: begun by its first step, and carried by a run tag.

Two runs of one day therefore never use each other's version, in whatever order their steps run. A
run that continues another one uses its version.
"""

import dagster as dg

from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.versions.manifest import Manifest

VERSION_TAG = "threads-pipelines/version"


def carry_version(context: dg.AssetExecutionContext, version: str) -> None:
    """Set the version for the later steps of this run.

    Args:
        context: Context of the asset.
        version: Name of the version.
    """
    context.instance.add_run_tags(context.run.run_id, {VERSION_TAG: version})


def version_of_run(context: dg.AssetExecutionContext, store: ArtefactStore) -> Manifest:
    """Find the version that this run works on.

    It is the version that the run began, or that the continued run worked on. A run of single steps
    uses its partition's current version at its first step.

    Args:
        context: Context of the asset.
        store: The versions.

    Returns:
        The manifest of the version.

    Raises:
        ArtefactError: There is no such version.
    """
    partition = context.partition_key
    carried = _carried(context)
    manifest = store.manifest(partition, carried)
    if carried is None:
        carry_version(context, manifest.version)
    return manifest


def _carried(context: dg.AssetExecutionContext) -> str | None:
    run_id: str | None = context.run.run_id
    while run_id is not None:
        run = context.instance.get_run_by_id(run_id)
        if run is None:
            return None
        if VERSION_TAG in run.tags:
            return str(run.tags[VERSION_TAG])
        run_id = run.parent_run_id
    return None
