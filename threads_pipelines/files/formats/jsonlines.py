"""Reads JSON lines: one object a line; numbers keep their digits."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.columns import recognise
from threads_pipelines.files.formats.kinds import FileKind, RawTable
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.formats.source import Source

_SAMPLE = 100
_CHUNK = 100_000


def read_json_lines(
    source: Source, kind: FileKind, options: FileOptions, ids: frozenset[str]
) -> RawTable:
    """Read the fields that have a role.

    Args:
        source: The file.
        kind: Purpose of the file.
        options: What the user says about the file.
        ids: Roles whose column is dictionary-encoded.

    Returns:
        The table of str; empty for a missing field or null. Its names are the fields of the first
        objects.

    Raises:
        InputFileError: A line is not an object, or a value is not one text or number; the message
            names the line.
    """
    names: dict[str, None] = {}
    for count, (_, value) in enumerate(_objects(source)):
        names |= dict.fromkeys(value)
        if count == _SAMPLE:
            break
    roles = recognise(list(names), kind, options, source)
    fields = {role: list(names)[place] for role, place in roles.items()}
    schema = pa.schema({role: pa.string() if role in ids else pa.large_string() for role in roles})
    chunks: list[pa.RecordBatch] = []
    columns: list[list[str]] = [[] for _ in fields]
    for number, value in _objects(source):
        for column, (role, field) in zip(columns, fields.items(), strict=True):
            column.append(_text(value.get(field), source, number, field, is_id=role in ids))
        if len(columns[0]) == _CHUNK:
            chunks.append(pa.record_batch(columns, schema))
            columns = [[] for _ in fields]
    chunks.append(pa.record_batch(columns, schema))
    return RawTable(
        pa.Table.from_batches(chunks),
        list(names),
        roles,
        "JSON lines",
        lambda row: f"line {_line_of(source, row)}",
    )


def _line_of(source: Source, row: int) -> int:
    """Line of data row ``row`` (from 0)."""
    with source.open() as file:
        filled = (number for number, line in enumerate(file, 1) if line.strip())
        return next(number for place, number in enumerate(filled) if place == row)


def _objects(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.open() as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line, source, number)


def _object(line: bytes, source: Source, number: int) -> dict[str, Any]:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        value = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once
        )
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"{source}, line {number}: not UTF-8 (byte {error.start + 1} of the line)"
        ) from error
    except RecursionError as error:
        raise InputFileError(f"{source}, line {number}: is nested too deeply") from error
    except ValueError as error:
        raise InputFileError(
            f"{source}, line {number}: is not one whole JSON object: {error}"
        ) from error
    if not isinstance(value, dict):
        raise InputFileError(f"{source}, line {number}: is JSON, but no object {{...}}")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {twice!r} is there {names.count(twice)} times")
    return value


def _text(value: object, source: Source, number: int, field: str, *, is_id: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InputFileError(
                f"{source}, line {number}, {field}: holds half of a surrogate pair"
            ) from error
        return value
    kind = {list: "a list", dict: "an object", bool: "true or false"}[type(value)]
    what = "an id" if is_id else "a text or number"
    raise InputFileError(f"{source}, line {number}, {field}: is {kind}, not {what}")
