"""Versions as a night leaves them on S3, of literal rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby

import numpy as np

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.record import Refresh, record_refresh
from threads_pipelines.storage.s3.registry import register
from threads_pipelines.storage.s3.scored import save_scored
from threads_pipelines.storage.s3.versions.checked import mark_checked
from threads_pipelines.storage.s3.versions.decided import save_decided
from threads_pipelines.storage.s3.versions.registered import Entry

Row = tuple[str, str, float]


def store_version(
    store: ArtefactStore,
    partition: str,
    version: str,
    as_of: datetime,
    rows: list[Row],
    *,
    checked: bool = True,
    decided: Mapping[str, bool] | None = None,
    refresh_of: str | None = None,
) -> None:
    """Store scored rows (sorted by user, best first) as a version that is current.

    checked: whether the rows passed their checks, so that the version is registered. decided: whom
    the version decides about, and whether they are to receive rows; None, as in versions of
    earlier releases, does not say. refresh_of: the night of which it is a refresh; then it is
    recorded instead of current and registered.
    """
    users = np.array(sorted({user for user, _, _ in rows}), object)
    posts = np.array(sorted({post for _, post, _ in rows}), object)
    ranks = [n for _, group in groupby(rows, lambda row: row[0]) for n, _ in enumerate(group, 1)]
    scored = ScoredRows(
        user=np.searchsorted(users, [user for user, _, _ in rows]).astype(np.int32),
        post=np.searchsorted(posts, [post for _, post, _ in rows]).astype(np.int32),
        score=np.array([score for _, _, score in rows]),
        rank=np.array(ranks, np.int16),
        reason=np.full(len(rows), 2, np.int8),
        evidence=np.ones(len(rows), np.int32),
    )
    created = as_of.isoformat(timespec="seconds")
    facts = VersionFacts(
        as_of=as_of.replace(tzinfo=UTC),
        look_back_days=30,
        kind="refresh" if refresh_of else "night",
        parent=refresh_of,
    )
    store.create(partition, version, created, facts)
    save_scored(store, partition, version, [scored], users, posts)
    if decided is not None:
        ids = sorted(decided)
        receives = np.array([decided[one] for one in ids], bool)
        save_decided(store, partition, version, np.array(ids, object), receives)
    if refresh_of:
        mark_checked(store, partition, version)
        record_refresh(store.objects, Refresh(partition, version, refresh_of, created, created))
        return
    store.set_current(partition, version)
    if not checked:
        return
    mark_checked(store, partition, version)
    register(store.objects, Entry(partition, version, created))


def feeds(database: AppDatabase) -> dict[str, list[str]]:
    rows = database.rows(
        "SELECT user_id, post_id FROM user_recommendation WHERE expires_at > now() "
        "ORDER BY user_id, score DESC"
    )
    return {user: [post for one, post in rows if one == user] for user, _ in rows}
