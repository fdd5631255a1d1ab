"""A group of commands whose modules are imported only when they are needed."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import NamedTuple

import click


class Place(NamedTuple):
    """Where a command is defined, and its summary for the list of commands."""

    module: str
    name: str
    summary: str


class LazyCommands(MutableMapping[str, click.Command]):
    """The commands of a group by name; a command is imported when it is looked up.

    Args:
        places: Where each command is defined.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places = places
        self._known: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._known:
            place = self.places[name]
            self._known[name] = getattr(import_module(place.module), place.name)
        return self._known[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class LazyGroup(click.Group):
    """A group whose help lists its commands without importing them."""

    commands: LazyCommands

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names and summaries of the commands.

        Args:
            ctx: Context of click.
            formatter: The output.
        """
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands.places[name].summary) for name in self.list_commands(ctx)]
            )
