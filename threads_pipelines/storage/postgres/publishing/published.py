"""The published rows of one generation, summarised."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Publication:
    """One generation in the table.

    Attributes:
        rows: Number of rows.
        users: Number of users.
        wrong_ttl: Rows that expire at another time.
        wrong_score: Rows with a score outside [0, 1].
        wrong_post: Rows with a repost or a post of the reader's own.
        mixed_users: Users with live rows of more than one generation.
    """

    rows: int
    users: int
    wrong_ttl: int
    wrong_score: int
    wrong_post: int
    mixed_users: int


def read_publication(
    engine: "Engine", generated_at: datetime, expires_at: datetime, now: datetime
) -> Publication:
    """Summarise a generation in the table.

    Args:
        engine: The app's database.
        generated_at: Identifies the generation; naive UTC.
        expires_at: When its rows should expire; naive UTC.
        now: Naive UTC.

    Returns:
        The counts.
    """
    given = {"generated_at": generated_at, "expires_at": expires_at, "now": now}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("summarise_publication"), given)
        (row,) = cursor.fetchall()
        return Publication(*row)
