"""Reads a ``Snapshot`` from the app's database in one REPEATABLE READ transaction.

Ids travel as 64-bit hashes (``hashtextextended``) that are mapped back through the hashes of the
id lists, asserted unique: ten million interactions then take 13 bytes each in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from sqlalchemy import Engine

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.storage.postgres.database import naive_utc, session
from threads_pipelines.storage.postgres.reading.events import Window, read_events, read_pairs
from threads_pipelines.storage.postgres.reading.ids import read_ids
from threads_pipelines.storage.postgres.reading.rules import Tables, snapshot_of


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What was read and what was left out, in counts."""

    users: int
    users_served: int
    posts: int
    candidates: int
    interactions_read: int
    """Rows of ``user_interaction`` up to as_of (and undated ones), of all time."""
    events: int
    """Events handed on: inside the window, of a known type, of an account that counts."""
    unknown_type: int
    undated: int
    """Rows of any table whose time is infinite: never an event, but the pair counts as seen."""
    vanished: int
    """Rows whose user or post is not in the snapshot, such as a post dated after as_of."""
    unliked: int
    """Like events left out because the like was taken back."""
    likes_without_event: int
    """Standing likes that no event told of; each was added as an event."""
    synthetic_events: int
    """Events of synthetic accounts that were left out."""
    real_accounts: int
    synthetic_accounts: int
    synthetic_included: bool
    hash_seed: int


def read_snapshot(
    engine: Engine,
    as_of: int,
    look_back: timedelta,
    *,
    include_synthetic: bool | None = None,
    progress: Callable[[str], None] = lambda _message: None,
) -> tuple[Snapshot, ReadReport]:
    """Everything that a run needs, as it was at ``as_of`` (epoch seconds, UTC).

    Events are those in (as_of - look_back, as_of]; ``seen`` is of all time up to as_of.
    include_synthetic: None includes synthetic accounts only where there are no real ones. When
        they are excluded they get no feed, train nothing, count for nothing, and their posts are
        no candidates.

    Raises DatabaseError where the server fails, DataError for ids that collide under every hash.
    """
    window = Window(as_of - int(look_back.total_seconds()), as_of)
    with session(engine) as connection:
        connection.set_session(ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        accounts, posts, seed = read_ids(connection, naive_utc(as_of))
        progress(f"{len(accounts.ids):,} accounts and {len(posts.ids):,} posts read")
        given = {"as_of": naive_utc(as_of), "seed": seed}
        people, items = accounts.lookup, posts.lookup
        events = read_events(connection, given, people, items, window, progress)
        likes = read_pairs(connection, "read_likes", given, people, items, window)
        comments = read_pairs(connection, "read_comments", given, people, items, window)
        follows = read_pairs(connection, "read_follows", given, people, people, window)
        progress(f"{events.read:,} interactions and {len(likes.left):,} likes read")
    tables = Tables(accounts, posts, events, likes, comments, follows)
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
        undated=posts.undated + sum(part.undated for part in (events, likes, comments, follows)),
        vanished=sum(part.vanished for part in (events, likes, comments, follows)),
        unliked=numbers.unliked,
        likes_without_event=numbers.likes_without_event,
        synthetic_events=numbers.excluded_events,
        real_accounts=real,
        synthetic_accounts=len(accounts.ids) - real,
        synthetic_included=included,
        hash_seed=seed,
    )
    return snapshot, report
