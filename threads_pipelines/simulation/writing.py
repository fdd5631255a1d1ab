"""Lets fake users write posts, with the text model or with templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.content.contract import Said
from threads_pipelines.content.model.ollama import OllamaModel
from threads_pipelines.content.persona import Persona
from threads_pipelines.content.text import normalise
from threads_pipelines.content.text_model import TextModel
from threads_pipelines.dataset.identity import stable_id
from threads_pipelines.errors import ConfigurationError, DataError, TextModelError
from threads_pipelines.settings import Settings
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation import feeds
from threads_pipelines.simulation.database import NewPost
from threads_pipelines.simulation.fake_users import RUN_KEY, FakeUser

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class WrittenPost:
    """A post of a fake user, and what wrote its text."""

    author: FakeUser
    said: Said


def open_model(loaded: Settings, call_seconds: float) -> tuple[TextModel | None, str]:
    """Open the text model.

    Args:
        loaded: Address and name of the model.
        call_seconds: Time limit of a call.

    Returns:
        The model and an empty text, or None and the reason.
    """
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
    """Let different fake users each write a post. No text is posted twice, whoever posted it first.

    Args:
        engine: The app's database.
        authors: The fake users.
        count: Number of posts.
        now: Date of the posts, naive UTC.
        rng: Source of randomness.
        model: The text model; None if there is none.
        calls: Most calls of the model.
        reason: Why there is no model.

    Returns:
        The posts, and the faults of those that could not be written.
    """
    taken: set[str] = set()

    def is_new(text: str) -> bool:
        return normalise(text) not in taken and not feeds.is_posted(engine, text)

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
