"""Public data sets without a header, recognised by separator and values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from threads_pipelines.files.formats.kinds import EVENTS, POSTS, FileKind

_ANY = ".*"
_NUMBER = "[0-9]+"
_RATING = r"[0-9](\.[0-9]+)?"
_SECONDS = "[0-9]{9,10}"
_ASIN = "[0-9A-Z]{10}"
_REVIEWER = "A[0-9A-Z]{10,20}"
_SHA1 = "[0-9a-f]{40}"
_MBID = "([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?"
_UTC = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_DEGREES = r"-?[0-9]{1,3}\.[0-9]+"


@dataclass(frozen=True, slots=True)
class Published:
    """A published layout: a pattern for each column, and the roles by position from 0."""

    name: str
    kind: FileKind
    separator: str
    patterns: tuple[str, ...]
    roles: Mapping[str, int]
    quotes: bool = False


PUBLISHED = (
    Published(
        "MovieLens 1M and 10M ratings",
        EVENTS,
        "::",
        (_NUMBER, _NUMBER, _RATING, _SECONDS),
        {"user": 0, "post": 1, "time": 3},
    ),
    Published(
        "MovieLens 100K ratings",
        EVENTS,
        "\t",
        (_NUMBER, _NUMBER, "[1-5]", _SECONDS),
        {"user": 0, "post": 1, "time": 3},
    ),
    Published(
        "MovieLens 1M and 10M films", POSTS, "::", (_NUMBER, _ANY, _ANY), {"post": 0, "content": 1}
    ),
    Published(
        "Amazon ratings, user first",
        EVENTS,
        ",",
        (_REVIEWER, _ASIN, _RATING, _SECONDS),
        {"user": 0, "post": 1, "time": 3},
        quotes=True,
    ),
    Published(
        "Amazon ratings, product first",
        EVENTS,
        ",",
        (_ASIN, _REVIEWER, _RATING, _SECONDS),
        {"user": 1, "post": 0, "time": 3},
        quotes=True,
    ),
    Published(
        "Steam 200k",
        EVENTS,
        ",",
        (_NUMBER, _ANY, "purchase|play", r"[0-9]+(\.[0-9]+)?", "0"),
        {"user": 0, "post": 1, "type": 2},
        quotes=True,
    ),
    Published(
        "Last.fm 360K",
        EVENTS,
        "\t",
        (_SHA1, _MBID, _ANY, " *[0-9]+"),
        {"user": 0, "post": 2},
    ),
    Published(
        "Last.fm 1K by artist",
        EVENTS,
        "\t",
        ("user_[0-9]{6}", _UTC, _MBID, _ANY, _MBID, _ANY),
        {"user": 0, "time": 1, "post": 3},
    ),
    Published(
        "Last.fm 1K by track",
        EVENTS,
        "\t",
        ("user_[0-9]{6}", _UTC, _MBID, _ANY, _MBID, _ANY),
        {"user": 0, "time": 1, "post": 5},
    ),
    Published(
        "Gowalla check-ins",
        EVENTS,
        "\t",
        (_NUMBER, _UTC, _DEGREES, _DEGREES, _NUMBER),
        {"user": 0, "time": 1, "post": 4},
    ),
)


def fits(layout: Published, records: Sequence[Sequence[str]]) -> bool:
    """Return whether records have a layout.

    Args:
        layout: The layout.
        records: The first records of the file.

    Returns:
        Whether there are records and all match.
    """
    return bool(records) and all(
        len(record) == len(layout.patterns)
        and all(
            re.fullmatch(pattern, value)
            for pattern, value in zip(layout.patterns, record, strict=True)
        )
        for record in records
    )
