"""The purposes of files with their roles, and a table as a reader returns it."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FileKind:
    """The purpose of a file: the option that describes it, and its required and optional roles."""

    option: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles: the required ones, then the optional ones."""
        return (*self.required, *self.optional)


EVENTS = FileKind("--columns", ("user", "post"), ("type", "time"))


POSTS = FileKind("--posts-columns", ("post",), ("content", "author", "time"))


USERS = FileKind("--users-columns", ("user",), ())


@dataclass(frozen=True, slots=True)
class RawTable:
    """What the reader of a format found.

    Attributes:
        data: A column for each role, in the order of ``roles``.
        names: Names of all columns of the file.
        roles: Position in ``names`` by role.
        form: Name of the format.
        place: Describes the line or row of a data row, counted from 0.
        header: Whether ``names`` come from the file.
        dialect: Further words of the option that describes the file.
    """

    data: pa.Table
    names: list[str]
    roles: dict[str, int]
    form: str
    place: Callable[[int], str]
    header: bool = True
    dialect: tuple[str, ...] = ()
