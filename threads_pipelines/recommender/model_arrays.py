"""The parts of a model as named arrays, which an npz file holds, and back."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from threads_pipelines.recommender.flat_keys import ARRAYS
from threads_pipelines.recommender.knn.people import SearchedPeople
from threads_pipelines.recommender.ranking.post_facts import PostFacts
from threads_pipelines.recommender.sparse_rows import NO_VALUES, SparseRows
from threads_pipelines.recommender.spectral import SpectralView, no_view


def flatten(parts: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Give each array of nested named tuples a dotted name.

    Args:
        parts: Arrays and named tuples of arrays by name.

    Returns:
        The arrays by dotted name, such as ``history.start``.
    """
    return {name: array for part, value in parts.items() for name, array in _named(part, value)}


def model_parts(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Rebuild the parts of a model from its arrays, of this release or an earlier one.

    Args:
        arrays: Arrays by the names of ``flatten``, or by those of an earlier release.

    Returns:
        The fields of ``Model`` except for the settings.

    Raises:
        KeyError: An array is missing.
    """
    named = {ARRAYS.get(name, name): array for name, array in arrays.items()}
    named.setdefault("posts.newcomer_score", named["posts.popularity_boost"])
    parts: dict[str, Any] = {name: named[name] for name in ("user_ids", "post_ids", "receives")}
    for name in ("history", "similar_posts", "similar_texts", "seen", "own"):
        parts[name] = _rows(named, name)
    parts["people"] = SearchedPeople(
        named["people.user"],
        named["people.post_scale"],
        named["people.scale"],
        _rows(named, "people.votes"),
        _rows(named, "people.audience"),
    )
    parts["spectral"] = _view(named)
    parts["posts"] = PostFacts(*(named[f"posts.{name}"] for name in PostFacts._fields))
    return parts


def _named(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    if isinstance(value, tuple):
        for field, inner in value._asdict().items():  # type: ignore[attr-defined]  # named tuples
            yield from _named(f"{name}.{field}", inner)
    else:
        yield name, value


def _view(named: Mapping[str, NDArray[Any]]) -> SpectralView:
    if "spectral.factors" not in named:
        return no_view(len(named["post_ids"]))
    return SpectralView(*(named[f"spectral.{name}"] for name in SpectralView._fields))


def _rows(named: Mapping[str, NDArray[Any]], part: str) -> SparseRows:
    start, item = named[f"{part}.start"], named[f"{part}.item"]
    return SparseRows(start, item, named.get(f"{part}.value", NO_VALUES))
