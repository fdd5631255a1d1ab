"""One tick of the living app: fake users post, open their feeds and act on the posts.

The database supplies and stores rows, the text model writes, and ``ticks`` draws the actions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.content.contract import Decision, LanguageModel, Said
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation.fake_users import FakeUser
from threads_pipelines.simulation.feeds import ServedFeed, ServedPost, read_feeds
from threads_pipelines.simulation.passed import Passed
from threads_pipelines.simulation.ticks import Act, TickSettings, VisiblePost, draw_tick, glance

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Look:
    """A post that a fake user looked at, the decision about it, and the resulting actions.

    Attributes:
        user: The fake user.
        recommended: Whether the post came from a live row; otherwise from the random posts.
        post_id: Id of the post.
        decision: Whether to act on it.
        acts: The actions.
        comment: The text of a comment, if there is one.
    """

    user: FakeUser
    recommended: bool
    post_id: str
    decision: Decision
    acts: tuple[Act, ...]
    comment: Said | None


def act_on_feeds(
    engine: "Engine",
    users: Sequence[FakeUser],
    now: datetime,
    rng: np.random.Generator,
    speaker: LanguageModel,
    settings: TickSettings,
    passed: Passed,
) -> tuple[list[Look], dict[str, int]]:
    """Let every fake user open its feed and act on some posts.

    A fake user looks at no post twice: the database has the posts that it acted on, and ``passed``
    those that it passed over. After the end of its feed it continues with recent posts.

    Args:
        engine: The app's database.
        users: The fake users.
        now: Naive UTC; no action is later.
        rng: Source of randomness.
        speaker: Decides and writes.
        settings: Behaviour in one tick.
        passed: Posts passed over by fake user; it is updated.

    Returns:
        The posts that were looked at, and the number of new rows by table.
    """
    feeds = read_feeds(engine, [user.id for user in users], now, now.isoformat())
    looks: list[Look] = []
    for user in users:
        feed = feeds.get(user.id, ServedFeed([], []))
        known = passed.get(user.id, set())
        recommended, chance = (
            [p for p in part if not p.met and p.author_id != user.id and p.id not in known]
            for part in (feed.recommended, feed.chance)
        )
        new = recommended or chance
        posts = [new[place] for place in glance(len(new), rng, settings)]
        found = list(_looks(user, bool(recommended), posts, now, rng, speaker, settings))
        # Only what can still be shown has to be remembered.
        passed[user.id] = known & {post.id for post in (*feed.recommended, *feed.chance)}
        passed[user.id] |= {look.post_id for look in found if not look.acts}
        looks += found
    acts = [act for look in looks for act in look.acts]
    texts = {
        act.id: look.comment.text
        for look in looks
        for act in look.acts
        if act.kind == "comment" and look.comment
    }
    return looks, storage.add_acts(engine, acts, texts)


def _looks(
    user: FakeUser,
    recommended: bool,
    posts: Sequence[ServedPost],
    now: datetime,
    rng: np.random.Generator,
    speaker: LanguageModel,
    settings: TickSettings,
) -> Iterator[Look]:
    decisions = [speaker.should_interact(post.content, user.interest) for post in posts]
    feed = [
        VisiblePost(post.id, post.author_id, float(decision.act))
        for post, decision in zip(posts, decisions, strict=True)
    ]
    now_ms = round(now.replace(tzinfo=UTC).timestamp() * 1000)
    acts = draw_tick(user.id, feed, now_ms, rng, settings)
    for post, decision in zip(posts, decisions, strict=True):
        own = tuple(act for act in acts if act.post_id == post.id)
        comments = any(act.kind == "comment" for act in own)
        comment = speaker.generate_comment(post.content, user.interest) if comments else None
        yield Look(user, recommended, post.id, decision, own, comment)


def rates(looks: Sequence[Look]) -> dict[str, dict[str, int]]:
    """Count the posts that were looked at, acted on and liked.

    Args:
        looks: The posts that were looked at.

    Returns:
        Counts by source of the feed (``recommended`` or ``chance``).
    """
    found = {}
    for name, recommended in (("recommended", True), ("chance", False)):
        these = [look for look in looks if look.recommended is recommended]
        liked = sum(any(act.kind == "like" for act in look.acts) for look in these)
        acted = sum(bool(look.acts) for look in these)
        found[name] = {"looked_at": len(these), "acted_on": acted, "liked": liked}
    return found
