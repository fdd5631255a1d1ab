"""One tick of the living app: fake users post, open their feeds and act on what they see.

The database provides and takes rows, the language model writes, ``ticks`` draws the acts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.content.contract import Decision, LanguageModel, Said
from threads_pipelines.content.persona import Persona
from threads_pipelines.content.text import normalise
from threads_pipelines.content.text_model import OllamaModel, TextModel
from threads_pipelines.dataset.identity import stable_id
from threads_pipelines.errors import ConfigurationError, DataError, TextModelError
from threads_pipelines.settings import Settings
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation.database import NewPost, ServedFeed, ServedPost
from threads_pipelines.simulation.fake_users import RUN_KEY, FakeUser
from threads_pipelines.simulation.passed import Passed
from threads_pipelines.simulation.ticks import Act, TickSettings, VisiblePost, draw_tick, glance

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class WrittenPost:
    """A post of a fake user, and what wrote it."""

    author: FakeUser
    said: Said


@dataclass(frozen=True, slots=True)
class Look:
    """A post that a fake user looked at, what decided about it, and what came of it.

    recommended: from a live row, else by chance.
    """

    user: FakeUser
    recommended: bool
    post_id: str
    decision: Decision
    acts: tuple[Act, ...]
    comment: Said | None


def open_model(loaded: Settings, call_seconds: float) -> tuple[TextModel | None, str]:
    """The text model, or None and the reason why there is none."""
    try:
        return OllamaModel(loaded.ollama_host, loaded.ollama_model, call_seconds), ""
    except (TextModelError, ConfigurationError) as error:
        return None, str(error)


def write_posts(
    engine: "Engine",
    authors: Sequence[FakeUser],
    count: int,
    now: datetime,
    rng: np.random.Generator,
    model: TextModel | None,
    *,
    calls: int,
    reason: str = "no text model",
) -> tuple[list[WrittenPost], list[str]]:
    """Let ``count`` different fake users post, dated ``now`` (naive UTC).

    calls: of the model at most; ``reason`` says why there is none. No text is posted twice, whoever
    posted it first. Returns the posts and the faults of those that could not be written.
    """
    taken: set[str] = set()

    def is_new(text: str) -> bool:
        return normalise(text) not in taken and not storage.is_posted(engine, text)

    persona = Persona(model, rng, calls, is_new, reason)
    written: list[WrittenPost] = []
    faults: list[str] = []
    for place in rng.permutation(len(authors))[:count]:
        author = authors[place]
        try:
            said = persona.generate_post(author.interest)
        except DataError as error:  # the next tick goes on with the others
            faults.append(str(error))
            continue
        taken.add(normalise(said.text))
        written.append(WrittenPost(author, said))
    rows = [
        NewPost(stable_id("post", RUN_KEY, now.isoformat(), place), one.author.id, one.said.text)
        for place, one in enumerate(written)
    ]
    storage.add_posts(engine, rows, now)
    return written, faults


def act_on_feeds(
    engine: "Engine",
    users: Sequence[FakeUser],
    now: datetime,
    rng: np.random.Generator,
    speaker: LanguageModel,
    settings: TickSettings,
    passed: Passed,
) -> tuple[list[Look], dict[str, int]]:
    """Let every fake user open its feed for a moment, up to ``now`` (naive UTC).

    It looks at no post twice: what it acted on the database tells, what it passed over ``passed``,
    which is brought up to date. Whoever has read the whole feed goes on with recent posts. Returns
    the posts that were looked at, and the new rows by table.
    """
    feeds = storage.read_feeds(engine, [user.id for user in users], now, now.isoformat())
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
    """Posts looked at, acted on and liked, by what made the feed: recommended or chance."""
    found = {}
    for name, recommended in (("recommended", True), ("chance", False)):
        these = [look for look in looks if look.recommended is recommended]
        liked = sum(any(act.kind == "like" for act in look.acts) for look in these)
        acted = sum(bool(look.acts) for look in these)
        found[name] = {"looked_at": len(these), "acted_on": acted, "liked": liked}
    return found
