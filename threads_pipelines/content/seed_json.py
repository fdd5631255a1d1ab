"""Parses a seed file as a JSON list; any bytes are accepted or refused with a message."""

import json
from typing import Any

from threads_pipelines.errors import SeedError

MAX_BYTES = 10_000_000
_LONGEST_INTEGER = 18
_SHOWN = 40


def json_list(raw: bytes, source: str) -> list[Any]:
    """Parse a list of at least one entry.

    Args:
        raw: The bytes of the file.
        source: Name of the file, for messages.

    Returns:
        The entries.

    Raises:
        SeedError: The file is too large, not UTF-8, not JSON or not a list, or an object has a
            field twice.
    """
    if len(raw) > MAX_BYTES:
        raise SeedError(
            f"{source} has {len(raw):,} bytes; a file of seeds may have {MAX_BYTES:,} at most"
        )
    try:
        value = json.loads(
            raw.decode("utf-8-sig"), parse_int=_number, object_pairs_hook=_without_repeats
        )
    except UnicodeDecodeError as error:
        raise SeedError(f"{source} is not UTF-8 text: wrong byte at {error.start}") from error
    except json.JSONDecodeError as error:
        raise SeedError(
            f"{source} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except _RepeatedNameError as error:
        raise SeedError(f"{source}: an entry has the field {error} twice") from error
    except RecursionError as error:
        raise SeedError(f"{source} is nested too deeply to be a list of seeds") from error
    if not isinstance(value, list):
        raise SeedError(f"{source} holds a JSON {type(value).__name__}; it must be a list")
    if not value:
        raise SeedError(f"{source} is an empty list; it needs at least one entry")
    return value


class _RepeatedNameError(Exception):
    """A JSON object names a field twice."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _RepeatedNameError(repr(name[:_SHOWN]))
            seen.add(name)
    return value


def _number(digits: str) -> int | float:
    """Parse an integer; one with more digits than any field takes becomes a float."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
