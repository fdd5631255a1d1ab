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
    reasons = _reasons(artefacts, [reader.id for reader in readers])
    return [_account(engine, reader, now, limit, topics, reasons) for reader in readers]


def _account(
    engine: "Engine",
    reader: feeds.Reader,
    now: datetime,
    limit: int,
    topics: Mapping[str, str],
    reasons: Mapping[tuple[str, str], tuple[str, str | None]],
) -> AccountFeed:
    rows, source = _served(engine, reader, now, limit)
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
    artefacts: ArtefactStore, user_ids: Sequence[str]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return the reasons of the version that is served; none if nothing was published."""
    active = read_registry(artefacts.objects).active
    if active is None:
        return {}
    return feeds.reasons_of(artefacts, active.partition, active.version, user_ids)


def _words(reason: str, evidence: str | None, texts: Mapping[str, str]) -> str:
    if reason in _CITES_A_POST:
        return explain(reason, texts.get(evidence or "", ""))
    return explain(reason, evidence)
