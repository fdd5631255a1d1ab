"""Puts the assets, jobs, schedules and resources together."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from threads_pipelines.defs import (
    content,
    evaluation,
    experiment,
    jobs,
    matrix,
    model,
    operations,
    population,
    publish,
    resources,
    rollback,
    schedules,
    seeds,
    showcase,
    synthetic,
    tuning,
    validation,
)

ASSET_MODULES = [
    *(operations, seeds, content, population, matrix, tuning, evaluation, model, publish),
    *(experiment, showcase, validation),
]


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything that Dagster knows; tests swap a resource by its name."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        jobs=[*jobs.all_jobs, *rollback.ROLLBACK_JOBS],
        schedules=schedules.all_schedules,
        resources={
            "database": resources.Database(),
            "storage": resources.ObjectStorage(),
            "synthetic": synthetic.SyntheticData(),
            "experiment": experiment.Experiment(),
            **(resource_overrides or {}),
        },
    )
