"""Makes the checked rows of a refresh."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from threads_pipelines.dataset.snapshot import Rows, Snapshot
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.defs.assets.guard import judged_anew
from threads_pipelines.defs.refresh.reading import read_for_refresh
from threads_pipelines.defs.refresh.skips import Predecessor
from threads_pipelines.defs.stored_rows import read_stored_rows
from threads_pipelines.errors import ArtefactError
from threads_pipelines.evaluation.invariants import Violations, check_rows
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.refresh.figures import PlacesTally, figures
from threads_pipelines.refresh.people import RefreshRule, people_to_refresh
from threads_pipelines.storage.postgres.feed_ages import UNKNOWN, FeedAges, read_feed_ages
from threads_pipelines.storage.postgres.reading.delta import Changes
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.record import Refresh, record_refresh
from threads_pipelines.storage.s3.scored import open_scored, save_scored
from threads_pipelines.storage.s3.versions.checked import mark_checked
from threads_pipelines.storage.s3.versions.decided import save_decided

if TYPE_CHECKING:
    import sqlalchemy as sa

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RankedRefresh:
    """A refresh whose rows are stored and checked, and not yet published.

    people: how many were ranked for. found: what the checks found. figures: see
    ``refresh.figures``. changes: how the interactions were read.
    """

    partition: str
    version: str
    people: int
    found: Violations
    figures: dict[str, Any]
    changes: Changes


def rank_refresh(
    engine: "sa.Engine",
    store: ArtefactStore,
    before: Predecessor,
    *,
    now: datetime,
    run_id: str,
    rule: RefreshRule,
    named: Collection[str],
    withheld: Collection[str],
    chunk: int,
    scratch: Path,
    progress: Progress,
) -> RankedRefresh:
    """Read what changed, fit with the night's settings, rank, store the rows and check them.

    Args:
        engine: The app's database.
        store: Where the versions are.
        before: The night that is served, and the latest run after it.
        now: Aware, in whole seconds: up to when the database is read.
        run_id: Its start ends the version's name.
        rule: Whom to rank for.
        named: Ids of accounts that are ranked for in any case.
        withheld: Ids of accounts that are to have no feed.
        chunk: Users scored at a time.
        scratch: Folder for temporary files.
        progress: Told what was done.

    Returns:
        The refresh, not yet published.

    Raises:
        ArtefactError: The night has no settings or is gone.
    """
    served = store.manifest(before.night.partition, before.night.version)
    night = served.facts
    if night.settings is None or night.top_k is None:
        raise ArtefactError(f"version {before.night.version} has no settings: run the night again")
    unreduced, read, changes = read_for_refresh(engine, store, night, now, scratch, progress)
    ages = read_feed_ages(engine, now.replace(tzinfo=None))
    snapshot = unreduced.withholding(withheld) if withheld else unreduced
    people = people_to_refresh(snapshot, ages.without_feed, named, rule)
    progress(f"{len(people):,} people to refresh")
    chosen = RecommenderSettings.from_stored(night.settings)
    trust = judged_anew(store, served, snapshot)
    model = fit(snapshot, chosen, progress=progress, trust=trust)
    partition, parent = before.night.partition, before.night.version
    version, made_at = f"{now:%Y%m%dT%H%M%SZ}-{run_id[:8]}", now.isoformat()
    # Recorded first, so that whatever a killed run leaves of it is found and deleted.
    record_refresh(store.objects, Refresh(partition, version, parent, made_at))
    facts = VersionFacts(
        as_of=now,
        look_back_days=night.look_back_days,
        kind="refresh",
        parent=parent,
        database=read_identity(engine),
        read=read,
        settings=night.settings,
        settings_source=night.settings_source,
        top_k=night.top_k,
    )
    store.create(partition, version, made_at, facts)
    tally = PlacesTally(len(snapshot.posts.ids))
    chunks = tally.of(recommend_chunks(model, night.top_k, chunk, people))
    save_decided(store, partition, version, snapshot.users.ids[people], np.ones(len(people), bool))
    save_scored(store, partition, version, chunks, model.user_ids, model.post_ids)
    only = _only(snapshot, people)
    with open_scored(store, partition, version) as files:
        found = check_rows(read_stored_rows(files, only), only, night.top_k)
    if found.passed:
        mark_checked(store, partition, version)
    numbers = _figures(snapshot, tally, people, ages, before)
    return RankedRefresh(partition, version, len(people), found, numbers, changes)


def _only(snapshot: Snapshot, people: Rows) -> Snapshot:
    """Return the snapshot in which only these people get a feed."""
    receives = np.zeros(len(snapshot.users.ids), bool)
    receives[people] = True
    return replace(snapshot, users=replace(snapshot.users, receives=receives))


def _figures(
    snapshot: Snapshot,
    tally: PlacesTally,
    people: Rows,
    ages: FeedAges,
    before: Predecessor,
) -> dict[str, Any]:
    """Compute the figures of the refresh at the present time."""
    ids = snapshot.users.ids
    place = np.searchsorted(ids, ages.ids)
    there = (place < len(ids)) & (ids[np.minimum(place, len(ids) - 1)] == ages.ids)
    joined, made = np.full((2, len(ids)), UNKNOWN)
    joined[place[there]], made[place[there]] = ages.joined[there], ages.made[there]
    refreshed = np.zeros(len(ids), bool)
    refreshed[people] = True
    return asdict(
        figures(
            snapshot,
            tally,
            refreshed,
            joined,
            made,
            night=round(before.night_as_of.timestamp()),
            before=round(before.as_of.timestamp()),
            now=round(datetime.now(UTC).timestamp()),
        )
    )
