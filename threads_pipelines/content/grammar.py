"""Sentences with alternatives: "I [read|finished] [a novel|two pages]" stands for four sentences.

A small context-free grammar in the manner of Tracery (Compton, Kybartas and Mateas 2015).
"""

import re
from collections.abc import Callable, Sequence

Draw = Callable[[int], int]
"""``draw(n)`` returns a number in [0, n)."""

_TOKEN = re.compile(r"[\[\]|]|[^\[\]|]+")


class Fragment:
    """A parsed text with alternatives in square brackets, which may be nested.

    Args:
        text: The text.

    Attributes:
        forms: Number of texts that it stands for.

    Raises:
        ValueError: The brackets do not match.
    """

    __slots__ = ("_parts", "forms")

    def __init__(self, text: str) -> None:
        """Parse ``text``; raises ValueError where its brackets do not match.

        ``forms`` is the number of texts it stands for.
        """
        pieces = _TOKEN.findall(text)
        self._parts, rest = _sequence(pieces, 0)
        if rest != len(pieces):
            raise ValueError(f"brackets do not match in {text!r}")
        self.forms: int = _count(self._parts)

    def expand(self, draw: Draw) -> str:
        """Choose one of the texts.

        Args:
            draw: Returns a number in [0, n) for a choice of n alternatives.

        Returns:
            The text.
        """
        return _expand(self._parts, draw)

    def texts(self) -> str:
        """Join all alternatives, to collect their words.

        Returns:
            All words; it is not a readable text.
        """
        return " ".join(_words(self._parts))


_Parts = tuple["str | tuple[_Parts, ...]", ...]


def _sequence(pieces: Sequence[str], at: int, inside: bool = False) -> tuple[_Parts, int]:
    parts: list[str | tuple[_Parts, ...]] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece == "[":
            choices: list[_Parts] = []
            while piece in "[|":
                choice, at = _sequence(pieces, at + 1, inside=True)
                choices.append(choice)
                piece = pieces[at] if at < len(pieces) else ""
                if not piece:
                    raise ValueError(f"a bracket is not closed in {''.join(pieces)!r}")
            parts.append(tuple(choices))
        elif piece in "|]":
            if not inside:
                raise ValueError(f"{piece!r} stands outside brackets in {''.join(pieces)!r}")
            return tuple(parts), at
        else:
            parts.append(piece)
        at += 1
    return tuple(parts), at


def _expand(parts: _Parts, draw: Draw) -> str:
    return "".join(
        part if isinstance(part, str) else _expand(part[draw(len(part))], draw) for part in parts
    )


def _count(parts: _Parts) -> int:
    total = 1
    for part in parts:
        if not isinstance(part, str):
            total *= sum(_count(choice) for choice in part)
    return total


def _words(parts: _Parts) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        else:
            found += [word for choice in part for word in _words(choice)]
    return found
