"""Assembles the definitions: assets, jobs, schedules, sensors and resources."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from threads_pipelines.defs import every_minute, jobs, schedules
from threads_pipelines.defs.assets import (
    content,
    evaluation,
    experiment,
    fake_users,
    guard,
    matrix,
    model,
    population,
    publish,
    seeds,
    services,
    showcase,
    simulation,
    tuning,
    validation,
)
from threads_pipelines.defs.ops import maintenance, rollback
from threads_pipelines.defs.refresh import feeds, late_alert, rows, schedule
from threads_pipelines.defs.resources import (
    audience,
    connections,
    participants,
    refreshed,
    simulator,
    synthetic,
)
from threads_pipelines.defs.sensors import alerts, recovery

ASSET_MODULES = [
    *(services, seeds, content, population, matrix, guard, tuning, evaluation, model, publish),
    *(rows, feeds),
    *(experiment, showcase, validation, fake_users, simulation),
]


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Make all definitions of the code location.

    Args:
        resource_overrides: Resources to replace, by name; for tests.

    Returns:
        The definitions.
    """
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        jobs=[*jobs.all_jobs, *rollback.ROLLBACK_JOBS, maintenance.maintenance],
        schedules=[
            *schedules.all_schedules,
            every_minute.every_minute,
            schedule.refresh_between_nights,
            maintenance.weekly_maintenance,
        ],
        sensors=[
            *alerts.ALERTS,
            late_alert.alert_on_late_refreshes,
            recovery.end_abandoned_runs,
        ],
        resources={
            "database": connections.Database(),
            "storage": connections.ObjectStorage(),
            "audience": audience.Audience(),
            "synthetic": synthetic.SyntheticData(),
            "experiment": participants.Experiment(),
            "simulator": simulator.Simulator(),
            "refreshed": refreshed.Refreshed(),
            **(resource_overrides or {}),
        },
    )
