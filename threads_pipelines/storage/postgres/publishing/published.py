"""What is in ``user_recommendation``: a generation in numbers, and a feed as the app reads it."""

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

    wrong_ttl, wrong_score, wrong_post: rows that expire at another time, whose score is not in
    [0, 1], or whose post is a repost or the reader's own. mixed_users: users with live rows of
    more than one generation.
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
    """Look at the generation of ``generated_at``; all times naive UTC."""
    given = {"generated_at": generated_at, "expires_at": expires_at, "now": now}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("summarise_publication"), given)
        (row,) = cursor.fetchall()
        return Publication(*row)
