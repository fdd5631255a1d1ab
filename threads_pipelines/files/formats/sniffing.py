"""Detects how a delimited file is written, from its beginning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.columns import MissingColumnError, looks_like_header, recognise
from threads_pipelines.files.formats.kinds import FileKind
from threads_pipelines.files.formats.layouts import PUBLISHED, Published, fits
from threads_pipelines.files.formats.options import SEPARATORS, FileOptions
from threads_pipelines.files.formats.records import Dialect
from threads_pipelines.files.formats.sample import Sample
from threads_pipelines.files.formats.source import Source

_NO_NAME = re.compile(
    r"\s*([-+]?[0-9][0-9.,:TZ+\- ]*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-\w{12})?\s*"
)
"""What cannot be the name of a column: a number, a time, a UUID, nothing."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A delimited file's dialect and columns.

    Attributes:
        dialect: How the file is written.
        names: Names of the columns.
        skip: Number of lines of the header.
        roles: Position from 0 by role.
        published: Name of the data set that has this layout; empty if none has.
    """

    dialect: Dialect
    names: list[str]
    skip: int
    roles: dict[str, int]
    published: str = ""


def sniff(source: Source, kind: FileKind, options: FileOptions) -> Layout:
    """Detect separator, header and columns of a file.

    Args:
        source: The file.
        kind: Purpose of the file.
        options: What the user says about the file.

    Returns:
        The layout.

    Raises:
        InputFileError: The file is empty or not text, lacks a column, or is ambiguous; the message
            names the option that decides.
    """
    sample = Sample(source, options)
    named: list[Layout] = []
    faults: list[tuple[int, MissingColumnError]] = []
    for separator in sample.separators:
        names, skip = sample.first(separator)
        try:
            roles = recognise(names, kind, options, source)
        except MissingColumnError as error:
            faults.append((len(names), error))
            continue
        named.append(Layout(sample.dialect(separator), names, skip, roles))
    positions = _by_position(kind, options, named)
    if positions or options.header is False:
        return _without_names(sample, kind, options, named)
    if named:
        return _only(named, source, kind)
    if options.header is None and (layout := _published(sample, kind, options)):
        return layout
    if options.header is None and len(kind.required) == 1 and _is_number_column(sample):
        dialect = sample.dialect(",", header=False)
        return Layout(dialect, ["column 1"], 0, {kind.required[0]: 0})
    raise max(faults, key=lambda fault: fault[0])[1]


def _by_position(kind: FileKind, options: FileOptions, named: Sequence[Layout]) -> bool:
    """Return whether the required columns are given by position."""
    wanted = [options.columns.get(role, "") for role in kind.required]
    return all(text.isdecimal() for text in wanted) and not any(
        set(wanted) <= set(layout.names) for layout in named
    )


def _only(layouts: Sequence[Layout], source: Source, kind: FileKind) -> Layout:
    """Return the one layout of several columns, or the first of equal single-column ones."""
    several = [layout for layout in layouts if len(layout.names) > 1]
    if len(several) > 1:
        known = {sign: name for name, sign in SEPARATORS.items()}
        either = " or ".join(f"separator={known[one.dialect.separator]}" for one in several)
        raise InputFileError(
            f"{source}, line 1: can be read in several ways: say {kind.option} {either}"
        )
    return several[0] if several else layouts[0]


def _without_names(
    sample: Sample, kind: FileKind, options: FileOptions, named: Sequence[Layout]
) -> Layout:
    """Return the layout of a file with columns given by position."""
    if not _by_position(kind, options, named):
        published = _published(sample, kind, options)
        if published is None:
            places = ",".join(f"{role}={n}" for n, role in enumerate(kind.required, 1))
            raise InputFileError(
                f"{sample.source}: name the columns of a file without a header by position: say "
                f"{kind.option} {places},header=no"
            )
        return published
    layouts = []
    for one in named:
        found = [record for _, record in sample.records(one.dialect)]
        if len({len(record) for record in found}) == 1:
            layouts.append(one)
    layout = _only(layouts or named, sample.source, kind) if named else None
    if layout is None:
        raise InputFileError(
            f"{sample.source}, line 1: has fewer columns than {kind.option} names by position"
        )
    header = options.header
    if header is None:
        if looks_like_header(layout.names, kind):
            header = True
        elif any(_NO_NAME.fullmatch(name) for name in layout.names):
            header = False
        else:
            raise InputFileError(
                f"{sample.source}, line 1: may be names or values: say {kind.option} "
                "header=yes or header=no as well"
            )
    if header:
        return layout
    names = [f"column {place}" for place in range(1, len(layout.names) + 1)]
    return Layout(sample.dialect(layout.dialect.separator, header=False), names, 0, layout.roles)


def _published(sample: Sample, kind: FileKind, options: FileOptions) -> Layout | None:
    """Return the data set that the values identify, if there is one."""
    if options.columns:
        return None
    found: list[tuple[Published, Dialect]] = []
    for one in PUBLISHED:
        if one.kind is kind and one.separator in sample.separators:
            dialect = sample.dialect(one.separator, header=False, quotes=one.quotes)
            if fits(one, [record for _, record in sample.records(dialect)]):
                found.append((one, dialect))
    if len(found) > 1:
        either = " or ".join(f"{_option(one)} ({one.name})" for one, _ in found)
        raise InputFileError(
            f"{sample.source}, line 1: can be read in several ways: say {kind.option} {either}"
        )
    for one, dialect in found:
        names = [f"column {place}" for place in range(1, len(one.patterns) + 1)]
        return Layout(dialect, names, 0, dict(one.roles), one.name)
    return None


def _option(layout: Published) -> str:
    """Return the option that chooses a published layout."""
    columns = ",".join(f"{role}={place + 1}" for role, place in layout.roles.items())
    return f"{columns},header=no" + ("" if layout.quotes else ",quotes=no")


def _is_number_column(sample: Sample) -> bool:
    """Return whether the file is one column of numbers or UUIDs, which cannot be a name."""
    found = sample.records(sample.dialect(","))
    return all(len(record) == 1 and _NO_NAME.fullmatch(record[0]) for _, record in found)
