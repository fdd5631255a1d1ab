"""Turns encounters into the app's interactions, likes and comments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.encounters import Encounters
from threads_pipelines.population.behaviour.funnel import (
    KINDS,
    Actions,
    act,
    client_batch,
    eagerness,
    reloads,
)
from threads_pipelines.population.behaviour.marginals import Floats
from threads_pipelines.population.behaviour.metadata import Codes, metadata_codes, metadata_values
from threads_pipelines.population.behaviour.replies import draw_replies
from threads_pipelines.population.settings import PopulationSettings
from threads_pipelines.population.streams import stream

Rows = NDArray[np.int32]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SyntheticInteractions:
    """Rows of user_interaction in ascending order of time; equal times are normal.

    Attributes:
        user: (n,) int32 row of the user.
        post: (n,) int32 row of the post.
        kind: (n,) int8, position in ``KINDS``.
        at: (n,) int64, epoch ms of the client's batch.
        metadata: (n,) int16, position in ``metadata_values``.
        metadata_values: JSON texts.
    """

    user: Rows
    post: Rows
    kind: NDArray[np.int8]
    at: Times
    metadata: Codes
    metadata_values: NDArray[np.object_]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.user)


@dataclass(frozen=True, slots=True)
class Likes:
    """Standing rows of ``like``: (n,) int32 user and post, unique pairs; ``at`` is in epoch ms."""

    user: Rows
    post: Rows
    at: Times

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.user)


@dataclass(frozen=True, slots=True)
class Comments:
    """Rows of ``comment``: (n,) int32 user and post, epoch ms, and text."""

    user: Rows
    post: Rows
    at: Times
    content: NDArray[np.object_]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.user)


def per_encounter(settings: PopulationSettings) -> float:
    """Compute the expected number of interactions per encounter.

    Args:
        settings: Settings of the population.

    Returns:
        The expectation, at least 1.
    """
    funnel = settings.funnel
    like = min(funnel.like, funnel.click)
    return 1 + funnel.click + like + min(funnel.share, like) + funnel.repeat_view


def behave(
    met: Encounters,
    appeal: Floats,
    topic: Rows,
    topics: tuple[str, ...],
    now_ms: int,
    settings: PopulationSettings,
) -> tuple[SyntheticInteractions, Likes, Comments]:
    """Expand each encounter into rows of the app's tables.

    Repeated views fill up to ``settings.interactions``, unless the funnel alone makes more.

    Args:
        met: The encounters.
        appeal: (n,) in (0, 1], appeal of each post's topic to its reader.
        topic: (n_posts,) topic of each post.
        topics: Names of the topics.
        now_ms: Epoch ms; nothing happens later.
        settings: Settings of the population.

    Returns:
        Interactions, standing likes and comments.
    """
    funnel, seed = settings.funnel, settings.seed
    eager = eagerness(appeal, funnel.affinity)
    steps = act(met.at, eager, now_ms, funnel, stream(seed, "funnel"))
    missing = settings.interactions - sum(len(steps[kind].at) for kind in KINDS)
    again = reloads(met.user, met.at, max(missing, 0), now_ms, stream(seed, "reloads"))
    engaged = np.zeros(len(met.at), bool)
    engaged[steps["click"].encounter] = True
    interactions = _interactions(met, steps, again, engaged, now_ms, settings)

    liked = steps["like"]
    kept = stream(seed, "unlikes").random(len(liked.at)) >= funnel.unlike
    likes = Likes(met.user[liked.encounter[kept]], met.post[liked.encounter[kept]], liked.at[kept])
    said = steps["comment"]
    post = met.post[said.encounter]
    text = draw_replies(topic[post], topics, stream(seed, "replies"))
    return interactions, likes, Comments(met.user[said.encounter], post, said.at, text)


def _interactions(
    met: Encounters,
    steps: dict[str, Actions],
    again: Actions,
    engaged: NDArray[np.bool_],
    now_ms: int,
    settings: PopulationSettings,
) -> SyntheticInteractions:
    parts = [steps[kind] for kind in KINDS] + [again]
    kinds = [np.full(len(part.at), i % len(KINDS), np.int8) for i, part in enumerate(parts)]
    encounter = np.concatenate([part.encounter for part in parts])
    kind = np.concatenate(kinds)
    user = met.user[encounter]
    at = client_batch(user, np.concatenate([part.at for part in parts]), now_ms)
    order = np.argsort(at, kind="stable")
    encounter, kind = encounter[order], kind[order]
    rng = stream(settings.seed, "metadata")
    return SyntheticInteractions(
        user=user[order],
        post=met.post[encounter],
        kind=kind,
        at=at[order],
        metadata=metadata_codes(kind, engaged[encounter], settings.funnel, rng),
        metadata_values=metadata_values(settings.funnel, stream(settings.seed, "dwell")),
    )
