"""The jobs: what is launched together, and in which processes."""

import dagster as dg

# A process a step keeps the memory of one step from adding to the next, and a step that is killed
# takes nobody along; forking a server that has imported everything keeps a process cheap.
_process_a_step = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {"forkserver": {"preload_modules": ["threads_pipelines.definitions"]}},
    }
)
_synthetic = dg.AssetSelection.groups("seeds", "content", "population")
_nightly = dg.AssetSelection.groups("recommendation")
_tuning = dg.AssetSelection.groups("tuning")

full_pipeline = dg.define_asset_job(
    "full_pipeline",
    selection=_synthetic | _tuning | _nightly,
    executor_def=dg.in_process_executor,
    description="Everything once: seeds, synthetic population, tuning and the day's feeds.",
)
generate_synthetic_data = dg.define_asset_job(
    "generate_synthetic_data",
    selection=_synthetic,
    executor_def=dg.in_process_executor,
    description="Seeds, posts by templates and Gemma, synthetic users and what they do.",
)
nightly_recommendations = dg.define_asset_job(
    "nightly_recommendations",
    selection=_nightly,
    executor_def=_process_a_step,
    description="The night: read what people did, evaluate, train, check and publish the feeds.",
)
tune_settings = dg.define_asset_job(
    "tune_settings",
    selection=_tuning,
    executor_def=_process_a_step,
    description="Choose the recommender's settings on a validation window; later nights use them.",
)

all_jobs = [full_pipeline, generate_synthetic_data, nightly_recommendations, tune_settings]
