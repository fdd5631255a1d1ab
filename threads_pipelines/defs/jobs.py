"""The jobs: which assets are launched together, and in which processes."""

import dagster as dg

from threads_pipelines.defs.common import max_runtime

PRELOADED = [
    *("threads_pipelines.definitions", "boto3", "dagster_postgres", "numba", "ollama"),
    *("scipy.sparse", "sqlalchemy"),
]
"""What the server of the steps' processes imports once; the definitions alone import little."""

_HOUR = 3600
# A process a step keeps the memory of one step from adding to the next, and a step that is killed
# takes nobody along; forking a server that has imported everything keeps a process cheap.
_process_a_step = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {"forkserver": {"preload_modules": PRELOADED}},
    }
)
# Every job looks at the services first; a night ends with a look at its data.
_first = dg.AssetSelection.assets("check_services")
_last = dg.AssetSelection.assets("validate_data")
_synthetic = _first | dg.AssetSelection.groups("seeds", "content", "population")
_nightly = _first | dg.AssetSelection.groups("recommendation") | _last
_tuning = _first | dg.AssetSelection.groups("tuning")
_reports = _first | dg.AssetSelection.groups("experiment")
_tick = _first | dg.AssetSelection.assets("generated_posts", "simulated_interactions")

full_pipeline = dg.define_asset_job(
    "full_pipeline",
    selection=_synthetic | _tuning | _nightly | _reports,
    executor_def=dg.in_process_executor,
    tags=max_runtime(12 * _HOUR),
    description="Everything once: seeds, population, tuning, the day's feeds and the reports.",
)
generate_synthetic_data = dg.define_asset_job(
    "generate_synthetic_data",
    selection=_synthetic,
    executor_def=dg.in_process_executor,
    tags=max_runtime(12 * _HOUR),
    description="Seeds, posts by templates and Gemma, synthetic users and their behaviour.",
)
nightly_recommendations = dg.define_asset_job(
    "nightly_recommendations",
    selection=_nightly,
    executor_def=_process_a_step,
    tags=max_runtime(6 * _HOUR),
    description="The night: read the app, evaluate, train, check and publish the feeds.",
)
tune_settings = dg.define_asset_job(
    "tune_settings",
    selection=_tuning,
    executor_def=_process_a_step,
    tags=max_runtime(12 * _HOUR),
    description="Choose the recommender's settings on a validation window; later nights use them.",
)
experiment_reports = dg.define_asset_job(
    "experiment_reports",
    selection=_reports,
    executor_def=dg.in_process_executor,
    tags=max_runtime(3 * _HOUR),
    description="The A/B groups, the experiment's report, the comparison page and the exports.",
)
refresh_recommendations = dg.define_asset_job(
    "refresh_recommendations",
    selection=_first | dg.AssetSelection.groups("refresh"),
    # One process: what a refresh costs is small beside the start of a process a step.
    executor_def=dg.in_process_executor,
    tags=max_runtime(_HOUR),  # one that hangs must not hold up all later ones
    description="Between two nights: ranks again for recently active people, using events since "
    "the last run.",
)
services_check = dg.define_asset_job(
    "services_check",
    selection=_first,
    executor_def=dg.in_process_executor,
    tags=max_runtime(_HOUR // 6),
    description="Checks the database, S3, the text model, Dagster's storage, disk and clocks.",
)
data_validation = dg.define_asset_job(
    "data_validation",
    selection=_first | _last,
    executor_def=dg.in_process_executor,
    tags=max_runtime(_HOUR),
    description="Validates a day's data again, on its own and against the seven days before it.",
)
manual_simulation = dg.define_asset_job(
    "manual_simulation",
    selection=dg.AssetSelection.assets("fake_users") | _tick,
    executor_def=dg.in_process_executor,
    tags=max_runtime(_HOUR),
    description="Creates the missing fake users, then lets them post and act once.",
)
continuous_simulation = dg.define_asset_job(
    "continuous_simulation",
    selection=_tick,
    # A process a step would cost more than the step.
    executor_def=dg.in_process_executor,
    tags=max_runtime(300),  # one that hangs must not hold up all later minutes
    description="A tick of the living app: fake users post and act on their feeds.",
)

all_jobs = [
    *(full_pipeline, generate_synthetic_data, nightly_recommendations, tune_settings),
    *(experiment_reports, services_check, data_validation),
    *(manual_simulation, continuous_simulation, refresh_recommendations),
]
