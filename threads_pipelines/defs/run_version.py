"""The version that a run works on: begun by its first step and carried to its last by a run tag.

Two runs of one day therefore never take up each other's version, however their steps interleave. A
run that continues another one takes over its version.
"""

import dagster as dg

from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.versions.manifest import Manifest

VERSION_TAG = "threads-pipelines/version"


def carry_version(context: dg.AssetExecutionContext, version: str) -> None:
    """Let the later steps of this run work on ``version``."""
    context.instance.add_run_tags(context.run.run_id, {VERSION_TAG: version})


def version_of_run(context: dg.AssetExecutionContext, store: ArtefactStore) -> Manifest:
    """Return the version that this run works on.

    It is the one that the run began or, where a run continues another, the one that the other
    carried. A run of single steps begins with its partition's current version and stays with it.

    Raises:
        ArtefactError: where there is no such version.
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
