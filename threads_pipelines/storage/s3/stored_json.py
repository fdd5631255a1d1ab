"""Strict reading of JSON documents on S3; any fault becomes one line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.errors import ObjectStorageError

Value = TypeVar("Value")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a document of another layout can raise."""
_LONGEST = 300


def parse_json(content: bytes) -> Any:
    """Parse JSON.

    Args:
        content: The encoded text.

    Returns:
        The parsed value.

    Raises:
        ValueError: The content is not JSON, is nested too deeply, or has a number that is too long.
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def typed(kind: type[Value], value: object) -> Value:
    """Convert parsed JSON to a dataclass, without converting any type.

    Args:
        kind: The dataclass, or a simple type.
        value: The parsed JSON.

    Returns:
        The converted value.

    Raises:
        ValueError: A field is missing, unknown, or has another type.
    """
    return cast(Value, _adapter(cast(Any, kind)).validate_json(json.dumps(value), strict=True))


def fault_of(error: BaseException) -> str:
    """Describe a fault of a document in one short line.

    Args:
        error: What reading the document raised.

    Returns:
        The line.
    """
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        text = f"{where}: {first['msg']}" if where else first["msg"]
    elif isinstance(error, KeyError):
        text = f"it lacks {error}"
    else:
        text = str(error)
    return " ".join(text.split())[:_LONGEST]


def identity_in(document: object, name: str) -> DatabaseIdentity | None:
    """Read which database a JSON document was made from.

    Args:
        document: The parsed document.
        name: Its key, for the message.

    Returns:
        The identity; None if the document was stored before it was recorded.

    Raises:
        ObjectStorageError: The document is broken.
    """
    with expected_layout(name):
        if not isinstance(document, dict):
            raise TypeError("it is no JSON object")
        found = document.get("database")
        return None if found is None else typed(DatabaseIdentity, found)


@contextmanager
def expected_layout(name: str) -> Iterator[None]:
    """Turn errors while reading a document into an error that names the document.

    Args:
        name: The key of the document.

    Raises:
        ObjectStorageError: The block raised an error about the document's layout.
    """
    try:
        yield
    except UNREADABLE as error:
        raise ObjectStorageError(
            f"{name} is not what the pipeline wrote ({fault_of(error)}): replace or delete it"
        ) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
