"""The last step of the night: checks that the data are as expected."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.dataset.night import Night
from threads_pipelines.defs.common import asset, columns, preview, result, rows_made
from threads_pipelines.defs.cost import profile
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.errors import ArtefactError, DeliveryError
from threads_pipelines.health.delivery import push_metrics
from threads_pipelines.health.metrics import exposition, numbers_of
from threads_pipelines.health.nights import Batch, summarize
from threads_pipelines.health.validation import NIGHTS, QUESTIONS, Limits, validate
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.snapshots import load_snapshot


class ValidationConfig(dg.Config):
    """Limits of the checks; each is inclusive."""

    min_interactions: int = Field(1, ge=0, description="Fewest interactions in the window.")
    min_volume: float = Field(
        0.5, ge=0, le=1, description="Least volume, as a share of the median of earlier nights."
    )
    max_type_shift: float = Field(
        0.25, ge=0, le=1, description="Most that the shares of the types may move in total."
    )
    max_orphan_share: float = Field(
        0.01, ge=0, le=1, description="Most rows that refer to no user or post."
    )
    max_cold_share: float = Field(
        0.8, ge=0, le=1, description="Most users without any interaction in the window."
    )
    max_newest_hours: float = Field(
        24.0, gt=0, description="Oldest that the newest interaction may be, in hours."
    )
    max_unserved_share: float = Field(
        0.0, ge=0, le=1, description="Most users that should have a feed and have none."
    )
    max_score_drift: float = Field(
        0.25, ge=0, description="Largest stability index of the scores against earlier nights."
    )
    max_coverage_fall: float = Field(
        0.3, ge=0, le=1, description="Most that the share of posts in feeds may fall by."
    )

    def limits(self) -> Limits:
        """Return the limits in the form that ``validate`` takes.

        Returns:
            The limits.
        """
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})


@asset(
    group_name="operations",
    kinds={"s3", "parquet"},
    code_version="1",
    partitions_def=daily,
    deps=["check_services", "user_recommendation"],
    description="Judges the night by itself and against the seven before it: volume, types, "
    "orphans, users without activity, freshness, feeds, drift of scores and of coverage. A check "
    "that fails says what to check; the feeds stay unchanged.",
    metadata=columns(question="text", passed="bool", sentence="text", advice="text"),
    check_specs=[
        dg.AssetCheckSpec(name, asset="validate_data", description=description)
        for name, description in QUESTIONS.items()
    ],
)
def validate_data(
    context: dg.AssetExecutionContext, config: ValidationConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Count the rows of the run's version, store the counts, and judge them."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    read = manifest.facts.read
    if read is None:
        raise ArtefactError(f"{manifest.key} does not say what was read: run the night again")
    with open_scored(store, partition, manifest.version) as files:
        night = summarize(
            load_snapshot(store, partition, manifest.version),
            _feeds(files),
            orphans=read.vanished,
            rows_read=read.interactions_read,
        )
    store.change_facts(partition, manifest.version, lambda facts: replace(facts, night=night))
    judgements = validate(night, earlier_nights(store, partition), config.limits())
    rows = [(j.question, "yes" if j.passed else "no", j.sentence, j.advice) for j in judgements]
    numbers, costs = numbers_of(night), profile(context.instance, context.run.run_id)
    _push(context, numbers, {cost.step: cost.seconds for cost in costs})
    return dg.MaterializeResult(
        metadata=rows_made(
            len(judgements),
            version=manifest.version,
            **numbers,
            profile=preview(
                ["step", "seconds", "CPU seconds", "peak MB", "rows"],
                [(c.step, round(c.seconds, 1), c.cpu, c.peak_mb, c.rows) for c in costs],
            ),
            judgements=preview(["question", "passed", "found", "what to look at"], rows),
        ),
        check_results=[
            result(
                j.question,
                j.passed,
                f"{j.sentence}. {j.advice}".removesuffix(". "),
                severity=dg.AssetCheckSeverity.WARN,
            )
            for j in judgements
        ],
    )


def _push(
    context: dg.AssetExecutionContext, numbers: dict[str, float], seconds: dict[str, float]
) -> None:
    """Push to Prometheus if an address is configured; a failed push does not fail the night."""
    url = settings.load().pushgateway_url
    if url is None:
        return
    try:
        push_metrics(url, exposition(numbers, seconds, time.time()))
    except DeliveryError as error:
        context.log.warning(str(error))


def earlier_nights(store: ArtefactStore, partition: str) -> list[Night]:
    """Read the counts of earlier nights.

    Args:
        store: The versions.
        partition: The day.

    Returns:
        At most ``NIGHTS`` validated nights before the partition, oldest first.
    """
    before = [other for other in store.partitions() if other < partition][-2 * NIGHTS :]
    versions = {other: store.current(other) for other in before}
    facts = [store.manifest(o, v).facts for o, v in versions.items() if v is not None]
    return [fact.night for fact in facts if fact.night is not None][-NIGHTS:]


def _feeds(files: list[Path]) -> Iterator[Batch]:
    for table in batches(files, ["user_id", "post_id", "score"]):
        user, post, score = (column.to_numpy(zero_copy_only=False) for column in table.columns)
        yield user, post, score
