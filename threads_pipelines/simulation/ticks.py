"""Draws the actions of a fake user in one tick."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from threads_pipelines.dataset.identity import stable_id
from threads_pipelines.population.behaviour.funnel import BATCH_MS

Share = Annotated[float, Field(ge=0, le=1)]


class TickSettings(BaseModel):
    """The behaviour of a fake user in one tick."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fewest_posts: int = Field(default=3, ge=0, description="Posts that it looks at, at least")
    most_posts: int = Field(default=5, ge=0, le=100, description="Posts that it looks at, at most")
    view: float = Field(default=0.5, ge=0, description="Weight of only viewing, when it acts")
    like: float = Field(default=0.3, ge=0, description="Weight of liking, when it acts")
    comment: float = Field(default=0.2, ge=0, description="Weight of commenting, when it acts")
    click_before_like: Share = Field(default=0.6, description="Share of likes after a click")
    share_after_like: Share = Field(default=0.2, description="Share of likes before a share")


@dataclass(frozen=True, slots=True)
class VisiblePost:
    """A post as the fake user's feed shows it.

    Attributes:
        id: Id of the post.
        author_id: Id of its author.
        match: Similarity to the user's interest, in [0, 1]; the probability of acting on it.
        liked: Whether the user already likes the post.
    """

    id: str
    author_id: str
    match: float
    liked: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A row to write: of user_interaction, and for a like or comment also of that table.

    Attributes:
        id: Id of the row.
        user_id: Id of the fake user.
        post_id: Id of the post.
        kind: view, click, like, share or comment. A comment is no user_interaction; the caller has
            its text.
        at_ms: Epoch ms.
        metadata: JSON text; None for a comment.
    """

    id: str
    user_id: str
    post_id: str
    kind: str
    at_ms: int
    metadata: str | None = field(default=None)


def draw_tick(
    user_id: str,
    looked: Sequence[VisiblePost],
    now_ms: int,
    rng: np.random.Generator,
    settings: TickSettings,
) -> tuple[Act, ...]:
    """Draw the rows of one tick, in order of time and none after ``now_ms``.

    Whether the user acts on a post is drawn with probability ``match``, then the kind of action. A
    like or comment follows a view; a post that is already liked is only viewed. Ids are computed
    from user, post, kind and time, so a retry adds nothing.

    Args:
        user_id: Id of the fake user.
        looked: Posts that it looks at, in order; its own are skipped.
        now_ms: Epoch ms.
        rng: Source of randomness.
        settings: Behaviour in one tick.

    Returns:
        The rows.
    """
    looked = [post for post in looked if post.author_id != user_id]
    weights = np.array([settings.view, settings.like, settings.comment])
    acts: list[Act] = []
    # The last post is left now; each one before took its time.
    left_ms = now_ms - BATCH_MS * len(looked)
    for post in looked:
        left_ms += BATCH_MS
        acting, action, click, share, quantile = rng.random(5)
        if acting >= post.match or weights.sum() <= 0:
            continue
        kind = ("view", "like", "comment")[int(np.searchsorted(
            np.cumsum(weights) / weights.sum(), action, side="right"))]  # fmt: skip
        kinds = ["view"]
        if kind == "comment":
            kinds.append("comment")
        elif kind == "like" and not post.liked:
            kinds += ["click"] if click < settings.click_before_like else []
            kinds.append("like")
            kinds += ["share"] if share < settings.share_after_like else []
        acts += [_act(user_id, post.id, each, left_ms, quantile) for each in kinds]
    return tuple(acts)


def glance(posts: int, rng: np.random.Generator, settings: TickSettings) -> list[int]:
    """Draw the places of the posts that are looked at.

    They are drawn without replacement; place p has the weight 1 / log2(p + 2), the discount of DCG.
    The user looks mostly at the top of the feed, but not only there.

    Args:
        posts: Number of posts in the feed.
        rng: Source of randomness.
        settings: Behaviour in one tick.

    Returns:
        Places in 0 .. ``posts`` - 1, ascending.
    """
    if not posts:
        return []
    count = int(rng.integers(settings.fewest_posts, settings.most_posts + 1))
    weights = 1 / np.log2(np.arange(posts) + 2)
    drawn = rng.choice(posts, min(count, posts), replace=False, p=weights / weights.sum())
    return sorted(drawn.tolist())


def _act(user_id: str, post_id: str, kind: str, at_ms: int, quantile: float) -> Act:
    metadata: dict[str, object] | None = {"source": "feed"}
    if kind == "view":
        duration, depth = int(1_000 + 14_000 * quantile), int(30 + 70 * quantile)
        metadata = {"duration": duration, "scroll_depth": depth, "source": "feed"}
    elif kind == "share":
        metadata = {"source": "feed", "method": "clipboard"}
    elif kind == "comment":
        metadata = None
    return Act(
        id=stable_id("tick", user_id, post_id, kind, at_ms),
        user_id=user_id,
        post_id=post_id,
        kind=kind,
        at_ms=at_ms,
        metadata=None if metadata is None else json.dumps(metadata),
    )
