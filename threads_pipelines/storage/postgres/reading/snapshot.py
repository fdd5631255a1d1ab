"""Reads a ``Snapshot`` from the app's database in one REPEATABLE READ transaction.

Ids are transferred as 64-bit hashes (``hashtextextended``), which the hashes of the id lists map to
rows; they are asserted to be unique. Ten million interactions then take 17 bytes each.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.read_report import ReadReport
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.storage.postgres.database import naive_utc, session
from threads_pipelines.storage.postgres.reading.delta import MOST_READ, Changes, read_with_kept
from threads_pipelines.storage.postgres.reading.events import Window, events_in, read_pairs
from threads_pipelines.storage.postgres.reading.ids import AccountRows, PostRows, read_ids
from threads_pipelines.storage.postgres.reading.interactions import (
    InteractionRows,
    read_interactions,
)
from threads_pipelines.storage.postgres.reading.kept import KeptInteractions
from threads_pipelines.storage.postgres.reading.rules import Tables, snapshot_of

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot that was read with the help of an earlier reading.

    Attributes:
        snapshot: The snapshot.
        report: Counts of what was read and left out.
        kept: What to pass to the next reading.
        changes: How the interactions were read.
    """

    snapshot: Snapshot
    report: ReadReport
    kept: KeptInteractions
    changes: Changes


def read_snapshot(
    engine: "Engine",
    as_of: int,
    look_back: timedelta,
    *,
    include_synthetic: bool | None = None,
    progress: Callable[[str], None] = lambda _message: None,
) -> tuple[Snapshot, ReadReport]:
    """Read everything that a run needs, as it was at ``as_of``.

    Events are those in (as_of - look_back, as_of]; ``seen`` covers all time up to as_of.

    Args:
        engine: The app's database.
        as_of: Epoch seconds UTC.
        look_back: Length of the window.
        include_synthetic: Whether synthetic accounts count. None: only if there are no real ones.
            Accounts that do not count get no feed and no influence, and their posts are no
            candidates.
        progress: Called with one sentence at a time.

    Returns:
        The snapshot, and counts of what was read and left out.

    Raises:
        DatabaseError: The server fails.
        DataError: Ids collide under every hash seed.
    """
    with _reading(engine, as_of, progress) as (connection, accounts, posts, seed):
        given = {"as_of": naive_utc(as_of), "seed": seed}
        rows = read_interactions(
            connection, "read_interactions", given, accounts.lookup, posts.lookup, progress
        )
        tables = _tables(connection, accounts, posts, rows, seed, _window(as_of, look_back))
        progress(f"{rows.read:,} interactions and {len(tables.likes.left):,} likes read")
    return _assemble(tables, _window(as_of, look_back), seed, include_synthetic)


def read_changes(
    engine: "Engine",
    as_of: int,
    look_back: timedelta,
    kept: KeptInteractions | None,
    *,
    include_synthetic: bool | None = None,
    most_read: float = MOST_READ,
    progress: Callable[[str], None] = lambda _message: None,
) -> Reading:
    """Read the same snapshot as ``read_snapshot``, but only what changed since an earlier reading.

    Args:
        engine: The app's database.
        as_of: Epoch seconds UTC.
        look_back: Length of the window.
        kept: ``Reading.kept`` of the latest reading; None reads everything.
        include_synthetic: As in ``read_snapshot``.
        most_read: Largest share of the interactions to read again, in [0, 1]; above it everything
            is read.
        progress: Called with one sentence at a time.

    Returns:
        The snapshot, and what the next reading needs.

    Raises:
        DatabaseError: The server fails.
        DataError: Ids collide under every hash seed.
    """
    window = _window(as_of, look_back)
    with _reading(engine, as_of, progress) as (connection, accounts, posts, seed):
        rows, ahead, changes = read_with_kept(
            connection, accounts, posts.lookup, seed, as_of, kept, most_read, progress
        )
        tables = _tables(connection, accounts, posts, rows, seed, window)
        progress(f"{rows.read:,} interactions and {len(tables.likes.left):,} likes read")
    snapshot, report = _assemble(tables, window, seed, include_synthetic)
    return Reading(snapshot, report, ahead, changes)


def _window(as_of: int, look_back: timedelta) -> Window:
    return Window(as_of - int(look_back.total_seconds()), as_of)


@contextmanager
def _reading(
    engine: "Engine", as_of: int, progress: Callable[[str], None]
) -> Iterator[tuple[Connection, AccountRows, PostRows, int]]:
    """Yield a connection that sees one instant of the database, and the ids in it."""
    with session(engine) as connection:
        connection.set_session(ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        accounts, posts, seed = read_ids(connection, naive_utc(as_of))
        progress(f"{len(accounts.ids):,} accounts and {len(posts.ids):,} posts read")
        yield connection, accounts, posts, seed


def _tables(
    connection: Connection,
    accounts: AccountRows,
    posts: PostRows,
    rows: InteractionRows,
    seed: int,
    window: Window,
) -> Tables:
    """Return the interactions as events, and the smaller tables, which are read as a whole."""
    given = {"as_of": naive_utc(window.end), "seed": seed}
    people, items = accounts.lookup, posts.lookup
    return Tables(
        accounts,
        posts,
        events_in(rows, window),
        likes=read_pairs(connection, "read_likes", given, people, items, window),
        comments=read_pairs(connection, "read_comments", given, people, items, window),
        follows=read_pairs(connection, "read_follows", given, people, people, window),
    )


def _assemble(
    tables: Tables, window: Window, seed: int, include_synthetic: bool | None
) -> tuple[Snapshot, ReadReport]:
    accounts, posts, events = tables.accounts, tables.posts, tables.events
    pairs = tables.likes, tables.comments, tables.follows
    real = int((~accounts.synthetic).sum())
    included = real == 0 if include_synthetic is None else include_synthetic
    snapshot, numbers = snapshot_of(tables, window, accounts.synthetic & (not included))
    report = ReadReport(
        users=len(accounts.ids),
        users_served=int(snapshot.users.receives.sum()),
        posts=len(posts.ids),
        candidates=int(snapshot.posts.candidate.sum()),
        interactions_read=events.read,
        events=len(snapshot.interactions),
        unknown_type=events.unknown_type,
        undated=posts.undated + sum(part.undated for part in (events, *pairs)),
        vanished=sum(part.vanished for part in (events, *pairs)),
        unliked=numbers.unliked,
        likes_without_event=numbers.likes_without_event,
        synthetic_events=numbers.excluded_events,
        followed_posts=numbers.not_seen,
        real_accounts=real,
        synthetic_accounts=len(accounts.ids) - real,
        synthetic_included=included,
        hash_seed=seed,
    )
    return snapshot, report
