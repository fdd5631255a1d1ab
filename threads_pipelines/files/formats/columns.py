"""The roles of a file's columns, recognised by the names that apps and public data sets use."""

import re
from collections.abc import Sequence

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.kinds import FileKind
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.formats.source import Source

_RECBOLE = re.compile(r":(token|float|token_seq|float_seq)$")
_OWN = {
    "user": "user_id",
    "post": "post_id",
    "type": "interaction_type",
    "time": "created_at",
    "content": "content",
    "author": "author_id",
}
"""The names of this project's own tables and exports, which go before all others."""

# Without case, spaces and signs. The second group is looked at where the first has no match.
_KNOWN = {
    "user": (
        "userid uid visitorid customerid reviewerid memberid accountid profileid playerid",
        "user username visitor customer reviewer member player",
    ),
    "post": (
        "postid itemid movieid productid parentasin artistid trackid songid bookid businessid "
        "appid gameid videoid articleid newsid isbn animeid recipeid venueid poiid",
        "post item movie product asin artist track song book business app game gametitle video "
        "article",
    ),
    "type": (
        "interactiontype eventtype event behaviortype behaviourtype behavior behaviour "
        "behaviorname behaviourname actiontype action",
        "type",
    ),
    "time": (
        "createdat timestamp ts unixreviewtime eventtime unixtime datetime dateadded",
        "time date reviewtime eventdate tdat",
    ),
    "content": ("content text", "title movietitle gametitle body name headline description"),
    "author": ("authorid creatorid userid", "author creator username"),
}


class MissingColumnError(InputFileError):
    """No column has a name that is known for a required role."""


def recognise(
    names: Sequence[str], kind: FileKind, options: FileOptions, source: Source
) -> dict[str, int]:
    """Find the column of each role.

    Args:
        names: Names of the columns, in order.
        kind: Purpose of the file, with its roles.
        options: What the user says about the file; it overrides what is recognised.
        source: The file, for messages.

    Returns:
        Position from 0 by role; optional roles without a column are left out.

    Raises:
        MissingColumnError: A required role, or a column that the user named, is missing.
        InputFileError: Several columns could have one role; the message names the option that
            decides.
    """
    found: dict[str, int] = {}
    for role in kind.roles:
        place = (
            _chosen([] if options.header is False else names, len(names), role, options, source)
            if role in options.columns
            else _known(names, role, kind, source)
        )
        if place is not None:
            found[role] = place
        elif role in kind.required:
            raise MissingColumnError(
                f"{source}, line 1: no column is known as the {role}; it has "
                f"{_listed(names)}: say {kind.option} {role}=NAME, or, where no line names the "
                f"columns, {_by_position(kind)},header=no"
            )
    for role, place in found.items():
        for other in found:
            if other < role and found[other] == place:
                raise InputFileError(
                    f"{source}, line 1: column {names[place]!r} is both {other} and {role}: say "
                    f"{kind.option} {role}=NAME, or {role}= to read none"
                )
    return found


def looks_like_header(names: Sequence[str], kind: FileKind) -> bool:
    """Return whether a line has a name that is known for a role.

    Args:
        names: The fields of the line.
        kind: Purpose of the file.

    Returns:
        Whether there is such a name.
    """
    known = {word for role in kind.roles for group in _KNOWN[role] for word in group.split()}
    known |= {_plain(_OWN[role]) for role in kind.roles}
    return any(_plain(name) in known for name in names)


def _chosen(
    names: Sequence[str], count: int, role: str, options: FileOptions, source: Source
) -> int | None:
    """Return the column that the user chose for a role, by name or by position."""
    wanted = options.columns[role]
    if not wanted:
        return None
    for spelt in (list(names), [_RECBOLE.sub("", name) for name in names]):
        if spelt.count(wanted) > 1:
            raise _repeated(wanted, spelt.count(wanted), source)
        if wanted in spelt:
            return spelt.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= count:
        return int(wanted) - 1
    has = _listed(names) if names else f"{count} columns"
    raise MissingColumnError(f"{source}, line 1: no column {wanted!r} for {role}; it has {has}")


def _known(names: Sequence[str], role: str, kind: FileKind, source: Source) -> int | None:
    own = _OWN[role]
    if list(names).count(own) > 1:
        raise _repeated(own, list(names).count(own), source)
    if own in names:
        return list(names).index(own)
    for group in _KNOWN[role]:
        words = group.split()
        places = [place for place, name in enumerate(names) if _plain(name) in words]
        if len(places) > 1:
            several = " and ".join(repr(names[place]) for place in places)
            raise InputFileError(
                f"{source}, line 1: {several} can each be the {role}: say "
                f"{kind.option} {role}={names[places[0]]} or another"
            )
        if places:
            return places[0]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", _RECBOLE.sub("", name)).casefold()


def _repeated(name: str, times: int, source: Source) -> InputFileError:
    return InputFileError(f"{source}, line 1: column {name!r} is there {times} times")


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= 40 else f"{name[:40]}…" for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _by_position(kind: FileKind) -> str:
    places = ",".join(f"{role}={place}" for place, role in enumerate(kind.required, 1))
    return f"{kind.option} {places}"
