"""Checks that the arrays of a stored model fit each other, before compiled code reads them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import DataError
from threads_pipelines.recommender.sparse_rows import SparseRows

if TYPE_CHECKING:
    from threads_pipelines.recommender.model import Model


def check_model(model: "Model") -> None:
    """Check the lengths, indices and values of a model's arrays.

    Compiled code checks no bounds: an index out of range would read or overwrite other memory.

    Args:
        model: A model that was read from storage.

    Raises:
        DataError: An array does not fit; the message names it.
    """
    users, posts = len(model.user_ids), len(model.post_ids)
    people = model.people
    searched = len(people.user)
    _length("receives", model.receives, users)
    _rows("history", model.history, users, posts)
    _indices("people.user", people.user, 0, users)
    if (np.diff(people.user) <= 0).any():
        raise DataError("the model's people.user is not in ascending order: train the model again")
    _length("people.scale", people.scale, searched)
    _length("people.post_scale", people.post_scale, posts)
    _rows("people.votes", people.votes, searched, posts)
    _rows("people.audience", people.audience, posts, searched)
    for name in ("similar_posts", "similar_texts"):
        _rows(name, getattr(model, name), posts, posts)
    for name in ("seen", "own"):
        _rows(name, getattr(model, name), users, posts)
    view = model.spectral
    if view.factors.ndim != 2 or len(view.factors) != posts:
        raise DataError(
            f"the model's spectral.factors has the shape {view.factors.shape}, not "
            f"({posts}, rank): train the model again"
        )
    _finite("spectral.factors", view.factors)
    _length("spectral.source", view.source, posts)
    _length("spectral.target", view.target, posts)
    facts = model.posts
    for name in (
        *("popularity_boost", "base_score", "newcomer_score", "recent_user_count", "author"),
    ):
        _length(f"posts.{name}", getattr(facts, name), posts)
    _indices("posts.author", facts.author, -1, users)
    _indices("posts.untouched", facts.untouched, 0, posts)


def _rows(name: str, rows: SparseRows, count: int, columns: int) -> None:
    """Check compressed rows, ``count`` of them, with items in [0, ``columns``)."""
    start = rows.start
    _length(f"{name}.start", start, count + 1)
    _indices(f"{name}.item", rows.item, 0, columns)
    if start[0] != 0 or start[-1] != len(rows.item) or (np.diff(start) < 0).any():
        raise DataError(f"the model's {name}.start does not cut its items: train the model again")
    if len(rows.value) not in (0, len(rows.item)):
        _length(f"{name}.value", rows.value, len(rows.item))
    _finite(f"{name}.value", rows.value)


def _length(name: str, array: NDArray[Any], length: int) -> None:
    if array.ndim != 1 or len(array) != length:
        raise DataError(
            f"the model's {name} has the shape {array.shape}, not ({length},): train "
            "the model again"
        )
    _finite(name, array)


def _finite(name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"the model's {name} is not finite everywhere: train the model again")


def _indices(name: str, array: NDArray[Any], low: int, high: int) -> None:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(f"the model's {name} are no indices: train the model again")
    if len(array) and not (low <= array.min() and array.max() < high):
        raise DataError(
            f"the model's {name} has {array.min()} to {array.max()}, which is not within {low} to "
            f"{high - 1}: train the model again"
        )
