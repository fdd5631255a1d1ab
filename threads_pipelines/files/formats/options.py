"""What a user says about a file: the roles of its columns, and how it is written."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from threads_pipelines.errors import ConfigurationError

ROLES = ("user", "post", "type", "time", "content", "author")
"""What a column can be read as."""

SEPARATORS = {"comma": ",", "tab": "\t", "colons": "::", "semicolon": ";", "pipe": "|"}
TIMES = ("s", "ms", "us", "ns", "excel", "iso")
ENCODINGS = ("utf-8", "latin-1", "cp1252")
Value = TypeVar("Value")
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Choices for one file; what is None, or not in ``columns``, is recognised from the file.

    Attributes:
        columns: Name or position (from 1) of the column by role; empty if the role is not read.
        separator: One of the values of ``SEPARATORS``.
        header: Whether the first line names the columns.
        quotes: Whether a double quote encloses a field; otherwise it is a plain character.
        times: One of ``TIMES``.
        encoding: One of ``ENCODINGS``.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    separator: str | None = None
    header: bool | None = None
    quotes: bool | None = None
    times: str | None = None
    encoding: str | None = None


NO_OPTIONS = FileOptions()


def parse_options(text: str, roles: tuple[str, ...]) -> FileOptions:
    """Parse what a user says about a file, such as ``user=userId,separator=tab,header=no``.

    Args:
        text: ``key=value`` pairs, separated by commas. A pair that contains a comma is enclosed in
            double quotes.
        roles: Roles, from ``ROLES``, that the file can have.

    Returns:
        The options.

    Raises:
        ConfigurationError: A key or value is unknown; the message lists the known ones.
    """
    options = FileOptions()
    columns: dict[str, str] = {}
    for entry in next(csv.reader([text]), []):
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals:
            raise ConfigurationError(f"{entry!r} is not KEY=VALUE, such as user=userId")
        if key in roles:
            if key in columns:
                raise ConfigurationError(f"{key} is given twice")
            columns[key] = value
        elif key == "separator":
            options = replace(options, separator=_one_of(key, value, _separators()))
        elif key == "header":
            options = replace(options, header=_one_of(key, value, _YES_NO))
        elif key == "quotes":
            options = replace(options, quotes=_one_of(key, value, _YES_NO))
        elif key == "times":
            options = replace(options, times=_one_of(key, value, {name: name for name in TIMES}))
        elif key == "encoding":
            known = {name: name for name in ENCODINGS}
            options = replace(options, encoding=_one_of(key, value, known))
        else:
            known_keys = ", ".join((*roles, "separator", "header", "quotes", "times", "encoding"))
            raise ConfigurationError(f"{key!r} is not known here; known are {known_keys}")
    return replace(options, columns=columns)


def _separators() -> dict[str, str]:
    return SEPARATORS | {sign: sign for sign in SEPARATORS.values()}


def _one_of(key: str, value: str, known: Mapping[str, Value]) -> Value:
    if value not in known:
        raise ConfigurationError(f"{key}={value}: choose one of {', '.join(known)}")
    return known[value]
