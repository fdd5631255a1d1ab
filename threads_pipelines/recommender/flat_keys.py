"""Names that settings and model arrays had in earlier releases."""

from collections.abc import Mapping
from typing import Any

_MOVED = {
    "events": "weights repeat_gain exact_reads history_cap",
    "similar_people": "vote_half_life_hours reads_per_pair vote_cap",
    "similar_posts": "linear_regularisation",
    "popularity": "fresh_half_life_hours author_weight engagement_weight",
    "blend": "people_share recency_weight floor profile_half_life_hours",
    "feed": "fresh_every author_cap",
}
_RENAMED = {
    **{
        f"people_{name}": f"similar_people.{name}"
        for name in ("neighbours", "damping", "power", "shrinkage", "weighted")
    },
    **{
        f"post_{name}": f"similar_posts.{name}"
        for name in (
            *("model", "neighbours", "power"),
            *("user_damping", "source_damping", "target_damping"),
        )
    },
    "popularity_half_life_hours": "popularity.half_life_hours",
    "popularity_exponent": "popularity.exponent",
    "content_weight": "blend.text_weight",
    "content_neighbours": "similar_texts.neighbours",
    "content_for_all": "similar_texts.for_all",
}

SETTINGS: dict[str, str] = {
    **{name: f"{group}.{name}" for group, names in _MOVED.items() for name in names.split()},
    **_RENAMED,
}
"""The dotted name of each setting that was a flat key before settings had groups."""

ARRAYS: dict[str, str] = {
    "user_start": "history.start",
    "user_post": "history.item",
    "profile": "history.value",
    "post_scale": "people.post_scale",
    "pool_user": "people.user",
    "pool_start": "people.votes.start",
    "pool_post": "people.votes.item",
    "pool_vote": "people.votes.value",
    "pool_scale": "people.scale",
    "audience_start": "people.audience.start",
    "audience": "people.audience.item",
    "audience_value": "people.audience.value",
    "near_start": "similar_posts.start",
    "near_post": "similar_posts.item",
    "near_value": "similar_posts.value",
    "text_start": "similar_texts.start",
    "text_post": "similar_texts.item",
    "text_value": "similar_texts.value",
    "seen_start": "seen.start",
    "seen_post": "seen.item",
    "own_start": "own.start",
    "own_post": "own.item",
    "boost": "posts.popularity_boost",
    "base": "posts.base_score",
    "lately": "posts.recent_user_count",
    "author": "posts.author",
    "untouched": "posts.untouched",
}
"""The name of each array of a stored model that was made before arrays had groups."""


def nested(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Move settings with flat names of earlier releases into their groups.

    If both names are given, the value under the new name is used.

    Args:
        given: Settings as read from a file or from run config.

    Returns:
        The settings by group, and the new dotted name of each flat name that was found.
    """
    moved = {name: value for name, value in given.items() if name not in SETTINGS}
    renamed = {name: SETTINGS[name] for name in given if name in SETTINGS}
    for old, new in renamed.items():
        group, _, field = new.partition(".")
        values = moved.get(group, {})
        if isinstance(values, Mapping):
            moved[group] = {field: given[old], **values}
    return moved, renamed
