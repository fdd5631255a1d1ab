"""Jobs from the command line: what a retry keeps."""

import json
from contextlib import nullcontext
from typing import Any

import dagster as dg
import pytest

from threads_pipelines.defs.ops import maintenance
from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.runner import launch
from threads_pipelines.storage.s3.pruning import Pruned

DRY = {"ops": {"prune_old": {"config": {"dry_run": True}}}}


def test_a_retry_keeps_the_failed_runs_config(
    environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    dry_runs: list[bool] = []

    def fails_once(*_given: Any, dry_run: bool, **_named: Any) -> Pruned:
        dry_runs.append(dry_run)
        if len(dry_runs) == 1:
            raise ObjectStorageError("the server went away")
        return Pruned(0, 0, 0, 0)

    environment.setattr(maintenance, "prune_versions", fails_once)
    environment.setattr(dg.DagsterInstance, "get", lambda: nullcontext(instance))
    assert launch.main(["maintenance", "--config", json.dumps(DRY)]) == 1
    (failed,) = instance.get_runs()
    assert launch.main(["", "--retry-of", failed.run_id]) == 0
    assert dry_runs == [True, True]
    assert instance.get_runs()[0].parent_run_id == failed.run_id
    assert launch.main(["", "--retry-of", failed.run_id]) == 2  # it was continued already
    assert dry_runs == [True, True]
