"""The jobs: what is launched together."""

import dagster as dg

# A process a step keeps memory from piling up; forking a server that has already imported
# everything keeps the process cheap.
_executor = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {"forkserver": {"preload_modules": ["threads_pipelines.definitions"]}},
    }
)

_synthetic = dg.AssetSelection.groups("seeds", "content", "population")
_nightly = dg.AssetSelection.groups("recommendation")

full_pipeline = dg.define_asset_job(
    "full_pipeline",
    selection=_synthetic | _nightly | dg.AssetSelection.groups("tuning"),
    executor_def=_executor,
    description="Everything once: seeds, synthetic population, tuning and today's feed.",
)
generate_synthetic_data = dg.define_asset_job(
    "generate_synthetic_data",
    selection=_synthetic,
    executor_def=_executor,
    description="Seeds, posts by templates and Gemma, synthetic users and what they do.",
)
nightly_recommendations = dg.define_asset_job(
    "nightly_recommendations",
    selection=_nightly,
    executor_def=_executor,
    description="The night: read what people did, train, evaluate, check and publish the feed.",
)
tune_settings = dg.define_asset_job(
    "tune_settings",
    selection=dg.AssetSelection.groups("tuning"),
    executor_def=_executor,
    description="Choose the recommender's settings on a validation window; the nights use them.",
)

all_jobs = [full_pipeline, generate_synthetic_data, nightly_recommendations, tune_settings]
