"""Puts the assets, jobs, schedules and resources together."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from threads_pipelines.defs import (
    content,
    evaluation,
    jobs,
    matrix,
    model,
    operations,
    population,
    publish,
    resources,
    schedules,
    seeds,
    synthetic,
    tuning,
    validation,
)

ASSET_MODULES = [
    *(operations, seeds, content, population, matrix, tuning, evaluation, model, publish),
    validation,
]


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything that Dagster knows; tests swap a resource by its name."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        jobs=jobs.all_jobs,
        schedules=[schedules.nightly],
        resources={
            "database": resources.Database(),
            "storage": resources.ObjectStorage(),
            "synthetic": synthetic.SyntheticData(),
            **(resource_overrides or {}),
        },
    )
