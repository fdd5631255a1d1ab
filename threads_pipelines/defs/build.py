"""Puts the assets, jobs, schedules and resources together."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from threads_pipelines.defs import (
    alerts,
    audience,
    content,
    evaluation,
    every_minute,
    experiment,
    fake_users,
    jobs,
    maintenance,
    matrix,
    model,
    operations,
    participants,
    population,
    publish,
    recovery,
    resources,
    rollback,
    schedules,
    seeds,
    showcase,
    simulation,
    simulator,
    synthetic,
    tuning,
    validation,
)

ASSET_MODULES = [
    *(operations, seeds, content, population, matrix, tuning, evaluation, model, publish),
    *(experiment, showcase, validation, fake_users, simulation),
]


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything that Dagster knows; tests swap a resource by its name."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        jobs=[*jobs.all_jobs, *rollback.ROLLBACK_JOBS, maintenance.maintenance],
        schedules=[
            *schedules.all_schedules,
            every_minute.every_minute,
            maintenance.weekly_maintenance,
        ],
        sensors=[*alerts.ALERTS, recovery.end_abandoned_runs],
        resources={
            "database": resources.Database(),
            "storage": resources.ObjectStorage(),
            "audience": audience.Audience(),
            "synthetic": synthetic.SyntheticData(),
            "experiment": participants.Experiment(),
            "simulator": simulator.Simulator(),
            **(resource_overrides or {}),
        },
    )
