"""Reads the feeds of accounts, with a sentence for the reason of each post.

The comparison page and the summary of the command line show them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from threads_pipelines.content.similarity import theme_of
from threads_pipelines.reporting.page import explain
from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost, PastPost
from threads_pipelines.storage import feeds
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.record import published_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.synthetic.catalogue import topics_of_posts

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAIN_TOPICS = 2
_ACTIONS = {"view": "viewed", "click": "opened", "like": "liked", "share": "shared"}


def account_feeds(
    engine: "Engine",
    artefacts: ArtefactStore,
    readers: Sequence[feeds.Reader],
    now: datetime,
    limit: int = 20,
) -> list[AccountFeed]:
    """Read the feed of each account as the app serves it.

    The control group gets random posts; all others get the published rows.

    Args:
        engine: The app's database.
        artefacts: The versions.
        readers: The accounts.
        now: Naive UTC.
        limit: Most posts of a feed and of a history.

    Returns:
        One feed for each account, in order.
    """
    topics = topics_of_posts(artefacts.objects)
    served = {reader.id: _served(engine, reader, now, limit) for reader in readers}
    made = {reader: rows[0].made_at for reader, (rows, _) in served.items() if rows}
    reasons = _reasons(artefacts, made)
    return [
        _account(engine, reader, limit, topics, reasons, *served[reader.id]) for reader in readers
    ]


def _account(
    engine: "Engine",
    reader: feeds.Reader,
    limit: int,
    topics: Mapping[str, str],
    reasons: Mapping[tuple[str, str], tuple[str, str | None]],
    rows: Sequence[feeds.FeedRow],
    source: str,
) -> AccountFeed:
    history = feeds.read_history(engine, reader.id, limit)
    why = {row.post_id: reasons.get((reader.id, row.post_id), ("", None)) for row in rows}
    cited = [evidence for reason, evidence in why.values() if reason in _CITES_A_POST and evidence]
    texts = feeds.read_contents(engine, cited)
    posts = [
        FeedPost(
            author=row.author,
            topic=topics.get(row.post_id) or theme_of(row.content) or "",
            content=row.content,
            created_at=row.created_at,
            score=row.score,
            reason=_words(*why[row.post_id], texts) if row.score is not None else explain("", None),
        )
        for row in rows
    ]
    met = [
        PastPost(
            action=_ACTIONS[row.action],
            author=row.author,
            topic=topics.get(row.post_id) or theme_of(row.content) or "",
            content=row.content,
            at=row.at,
        )
        for row in history
    ]
    main = Counter(post.topic for post in met).most_common(MAIN_TOPICS)
    return AccountFeed(
        name=reader.username,
        group=reader.group or "",
        source=source,
        interests=tuple(topic for topic, _ in main),
        posts=tuple(posts),
        history=tuple(met),
        made_at=rows[0].made_at if rows else None,
    )


_CITES_A_POST = ("similar_post", "fresh_topic")


def _served(
    engine: "Engine", reader: feeds.Reader, now: datetime, limit: int
) -> tuple[list[feeds.FeedRow], str]:
    """Return rows and their source, by the rules of the app's own route."""
    if reader.group == "control":
        return feeds.read_random_feed(engine, reader.id, now, reader.id, limit), "random"
    rows = feeds.read_feed(engine, reader.id, now, limit)
    if rows:
        return rows, "ml_recommendations"
    return feeds.read_random_feed(engine, reader.id, now, reader.id, limit), "random_fallback"


def _reasons(
    artefacts: ArtefactStore, made: Mapping[str, datetime | None]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return the reasons of the versions that the feeds are of; none if nothing was published.

    A feed that was made at the instant that a refresh read is that refresh's. Every other one is of
    the night that is served.
    """
    active = read_registry(artefacts.objects).active
    if active is None:
        return {}
    refreshes = {
        datetime.fromisoformat(one.as_of).replace(tzinfo=None): one
        for one in published_refreshes(artefacts.objects)
    }
    accounts: dict[tuple[str, str], list[str]] = {}
    for account, made_at in made.items():
        version = refreshes.get(made_at, active) if made_at else active
        accounts.setdefault((version.partition, version.version), []).append(account)
    return {
        pair: reason
        for version, ids in accounts.items()
        for pair, reason in feeds.reasons_of(artefacts, *version, ids).items()
    }


def _words(reason: str, evidence: str | None, texts: Mapping[str, str]) -> str:
    if reason in _CITES_A_POST:
        return explain(reason, texts.get(evidence or "", ""))
    return explain(reason, evidence)
