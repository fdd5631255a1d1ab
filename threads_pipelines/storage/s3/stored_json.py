"""JSON documents on S3, read strictly: whatever they hold, the fault is one line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from threads_pipelines.errors import ObjectStorageError

Value = TypeVar("Value")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a document of another layout can raise."""
_LONGEST = 300


def parse_json(content: bytes) -> Any:
    """Parse JSON; raise ValueError for anything else, however deep or large its numbers are."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def typed(kind: type[Value], value: object) -> Value:
    """Turn parsed JSON into a dataclass of exactly its types; raise ValueError otherwise."""
    return cast(Value, _adapter(cast(Any, kind)).validate_json(json.dumps(value), strict=True))


def fault_of(error: BaseException) -> str:
    """What was wrong, as one short line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        text = f"{where}: {first['msg']}" if where else first["msg"]
    elif isinstance(error, KeyError):
        text = f"it lacks {error}"
    else:
        text = str(error)
    return " ".join(text.split())[:_LONGEST]


@contextmanager
def expected_layout(name: str) -> Iterator[None]:
    """Turn what reading a document raises into an ObjectStorageError that names it."""
    try:
        yield
    except UNREADABLE as error:
        raise ObjectStorageError(
            f"{name} is not what the pipeline wrote ({fault_of(error)}): replace or delete it"
        ) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
