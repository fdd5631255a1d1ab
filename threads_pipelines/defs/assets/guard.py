"""The engagement guard: how much events count if paid accounts promote posts."""

from dataclasses import replace

import dagster as dg
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.dataset.version_facts import GuardFacts
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.common import asset, columns, preview, result, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.guard.lists import Lists
from threads_pipelines.guard.reasons import flagged
from threads_pipelines.guard.trust import Trust, events_trust, trust_of
from threads_pipelines.recommender.sparse_rows import NO_VALUES
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.guard import (
    load_trust,
    read_lists,
    save_flagged,
    save_trust,
)
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.manifest import Manifest

_SHOWN = 50
MOST_DISCOUNTED = 0.05
"""Share of the events that may count less before a person should look."""


class GuardConfig(dg.Config):
    """Whether the guard is on, and which ids a person has decided about."""

    enabled: bool | None = Field(
        None,
        description="Let the events of doubted posts and accounts count less. Empty: "
        "THREADS_ENGAGEMENT_GUARD, else no.",
    )
    allow: list[str] = Field(
        [], description="Ids of accounts and posts that count in full, beside guard/lists.json."
    )
    block: list[str] = Field(
        [], description="Ids of accounts and posts that count nothing, beside guard/lists.json."
    )


@asset(
    group_name="recommendation",
    kinds={"s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=[interaction_matrix],
    description="What each event counts for the feeds of other people. A post whose audience is "
    "hardly more alike than accounts drawn at random counts next to nothing. Nobody is deleted, "
    "nothing is written to the app, and the feed of an account that counts less stays its own.",
    metadata=columns(kind="text", id="text", trust="float", people="int", reason="text"),
    check_specs=[
        dg.AssetCheckSpec(
            "discounted_share",
            asset="engagement_guard",
            description=f"At most {MOST_DISCOUNTED:.0%} of the events count less.",
        )
    ],
)
def engagement_guard(
    context: dg.AssetExecutionContext, config: GuardConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Judge the run's version, and store the trust with its snapshot."""
    store, partition = storage.artefacts(), context.partition_key
    version = version_of_run(context, store).version
    enabled = settings.load().guard if config.enabled is None else config.enabled
    if not enabled:
        store.change_facts(partition, version, lambda facts: replace(facts, guard=None))
        return dg.MaterializeResult(
            metadata=rows_made(0, version=version, state="off"),
            check_results=[result("discounted_share", True, "The guard is off")],
        )
    snapshot = load_snapshot(store, partition, version)
    lists = read_lists(store.objects) | Lists(config.allow, config.block)
    trust = trust_of(snapshot, lists=lists)
    rows = flagged(snapshot, trust)
    save_trust(store, partition, version, snapshot.users.ids, trust.account, trust.post)
    save_flagged(store, partition, version, rows)
    facts = guard_facts(snapshot, trust)
    store.change_facts(partition, version, lambda old: replace(old, guard=facts))
    share = facts.discounted_events
    return dg.MaterializeResult(
        metadata=rows_made(
            len(rows),
            version=version,
            state="off: this app's audiences cannot be told from chance"
            if trust.structure.off
            else "on",
            doubted_posts=facts.doubted_posts,
            judged_posts=facts.judged_posts,
            flagged_accounts=facts.flagged_accounts,
            discounted_events=share,
            flagged=preview(
                ["kind", "id", "trust", "people", "reason"],
                [(r.kind, r.id, round(r.trust, 4), r.people, r.reason) for r in rows[:_SHOWN]],
            ),
        ),
        check_results=[
            result(
                "discounted_share",
                share <= MOST_DISCOUNTED,
                f"{share:.2%} of the events count less",
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )


def guard_facts(snapshot: Snapshot, trust: Trust) -> GuardFacts:
    """Collect the figures of the guard that a version keeps.

    Args:
        snapshot: The snapshot of the version.
        trust: What the guard found in it.

    Returns:
        The figures.
    """
    events = trust.of_events(snapshot)
    return GuardFacts(
        doubted_posts=int((trust.post < 1).sum()),
        judged_posts=trust.structure.judged,
        flagged_accounts=int((trust.account < 1).sum()),
        discounted_events=float((events < 1).mean()) if len(events) else 0.0,
    )


def stored_trust(
    store: ArtefactStore, manifest: Manifest, snapshot: Snapshot
) -> NDArray[np.float32]:
    """Load what the events of a version count.

    Args:
        store: The versions.
        manifest: Manifest of the version.
        snapshot: The snapshot of the version.

    Returns:
        (n_events,) float32 in [0, 1]; (0,) if its guard was off.

    Raises:
        ArtefactError: The stored trust is missing or damaged.
    """
    if manifest.facts.guard is None:
        return NO_VALUES
    found = load_trust(store, manifest.partition, manifest.version)
    return events_trust(snapshot, found.account, found.post)


def judged_anew(
    store: ArtefactStore, manifest: Manifest, snapshot: Snapshot
) -> NDArray[np.float32]:
    """Compute what the events of another snapshot count.

    Accounts keep the trust of the version; posts are judged by this snapshot.

    Args:
        store: The versions.
        manifest: Manifest of the version.
        snapshot: The other snapshot.

    Returns:
        (n_events,) float32 in [0, 1]; (0,) if the guard of the version was off.

    Raises:
        ArtefactError: The stored trust is missing or damaged.
    """
    if manifest.facts.guard is None:
        return NO_VALUES
    found = load_trust(store, manifest.partition, manifest.version)
    account, lists = found.of_accounts(snapshot.users.ids), read_lists(store.objects)
    return trust_of(snapshot, account=account, lists=lists).of_events(snapshot)
