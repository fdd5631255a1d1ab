"""Plays nights in processes that end themselves at a chosen boundary.

``python -m tests.machine.night_server`` reads lines of JSON, ``{"as_of": TIME, "kill": NUMBER}``; 0
kills at none. The first night is the real job, in this process. Each later one is a fork, where the
functions of the same assets run without Dagster, which costs three times as much as they do. It
answers with a line of JSON: how the process ended, and the boundaries it passed or was killed at.
"""

import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.machine.boundaries import Boundaries
from tests.machine.fake_run import FakeContext, FakeInstance
from tests.machine.world import call, defaults
from threads_pipelines import settings
from threads_pipelines.definitions import defs
from threads_pipelines.defs.assets import evaluation, matrix, model, publish, services, validation
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.shards import ranking
from threads_pipelines.storage.s3.connection import bucket, client

Play = Callable[[str], None]


def play_job(as_of: str) -> None:
    """Run the night as Dagster runs it."""
    with dg.DagsterInstance.ephemeral() as instance:
        defs.resolve_job_def("nightly_recommendations").execute_in_process(
            instance=instance,
            partition_key=_today(),
            run_config={
                "ops": {"interaction_matrix": {"config": {"as_of": as_of}}},
                "loggers": {"console": {"config": {"log_level": "ERROR"}}},
            },
        )


def play_steps(as_of: str) -> None:
    """Run the steps of the night one after the other."""
    run = FakeContext(FakeInstance(), _today(), os.getpid())
    resources = {"database": Database(), "storage": ObjectStorage()}
    for asset, config in (
        (services.check_services, defaults(services.ServicesConfig)),
        (matrix.interaction_matrix, defaults(matrix.MatrixConfig, as_of=as_of)),
        (evaluation.model_evaluation, defaults(evaluation.EvaluationConfig)),
        (model.knn_model, None),
        (model.recommendations, defaults(model.RankingConfig)),
        (publish.user_recommendation, defaults(publish.PublishConfig)),
        (validation.validate_data, defaults(validation.ValidationConfig)),
    ):
        call(asset, run, config=config, **resources)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def watched(play: Play, as_of: str, kill: int, told: int) -> None:
    """Play a night; tell the file descriptor ``told`` what it passed, or where it was killed."""

    def before(number: int, kind: str, text: str) -> None:
        if number == kill:
            os.write(told, json.dumps({"kind": kind, "text": text}).encode())
            os.kill(os.getpid(), signal.SIGKILL)

    boundaries = Boundaries(before)
    with pytest.MonkeyPatch.context() as patch:
        boundaries.install(patch)
        play(as_of)
    os.write(told, json.dumps({"kinds": boundaries.kinds}).encode())


def serve() -> None:
    """Answer until standard input ends."""
    # boto3 parses megabytes of JSON for each client. No connection of this one is used in a fork.
    patch = pytest.MonkeyPatch()
    open_client = cache(client.open_client)
    patch.setattr(bucket, "open_client", open_client)
    patch.setattr(ranking, "SHARDS", 3)  # each one passes the same boundaries
    for number, line in enumerate(sys.stdin):
        job = number == 0
        print(json.dumps(_played(job=job, **json.loads(line))), flush=True)
        if job:
            open_client(settings.load().s3).close()


def _played(as_of: str, kill: int, *, job: bool) -> dict[str, Any]:
    reading, told = os.pipe()
    child = 0 if job else os.fork()
    if child == 0 and not job:
        os.close(reading)
        log = os.open(os.environ["NIGHT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 1
        try:
            watched(play_steps, as_of, kill, told)
            code = 0
        finally:  # a fork must not go on as a server
            if code:
                traceback.print_exc()
            os._exit(code)
    if job:
        watched(play_job, as_of, kill, told)
    os.close(told)
    with os.fdopen(reading) as answer:
        said = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0
    log_text = Path(os.environ["NIGHT_LOG"]).read_text() if status > 0 else ""
    return {"status": status, "log": log_text[-4000:], **(json.loads(said) if said else {})}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve()
