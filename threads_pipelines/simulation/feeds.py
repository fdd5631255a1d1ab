"""The feeds that fake users are shown, and whether a text was posted before."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from threads_pipelines.content.text import normalise
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine


FEED_ROWS = 50
"""As many as the app reads."""


RECENT_POSTS = 500
"""Of so many the latest posts chance makes the feeds of the control group."""


_SETTLED = timedelta(seconds=30)
"""A post is this old before chance shows it, so that no reaction can be older than its post."""


@dataclass(frozen=True, slots=True)
class ServedPost:
    """A row of a feed. ``met``: the reader has acted on the post before."""

    id: str
    author_id: str
    content: str
    met: bool


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """The posts that one account is shown, in order.

    Attributes:
        recommended: Live rows; none for the control group.
        chance: Recent posts in a random order.
    """

    recommended: list[ServedPost]
    chance: list[ServedPost]


def read_feeds(
    engine: "Engine", user_ids: Iterable[str], now: datetime, salt: str
) -> dict[str, ServedFeed]:
    """Read the feeds that accounts are shown.

    Args:
        engine: The app's database.
        user_ids: Ids of the accounts.
        now: Naive UTC.
        salt: Determines the random order.

    Returns:
        Feeds by account id; accounts without any post are missing.
    """
    given = {"ids": list(user_ids), "now": now, "before": now - _SETTLED, "salt": salt}
    given |= {"limit": FEED_ROWS, "recent": RECENT_POSTS}
    feeds: dict[str, ServedFeed] = {}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_simulated_feeds"), given)
        for user_id, recommended, *post in cursor.fetchall():
            feed = feeds.setdefault(user_id, ServedFeed([], []))
            (feed.recommended if recommended else feed.chance).append(ServedPost(*post))
    return feeds


def is_posted(engine: "Engine", text: str) -> bool:
    """Return whether a post with the same words exists.

    Args:
        engine: The app's database.
        text: The text; ``normalise`` decides which words are the same.

    Returns:
        Whether it exists.
    """
    wanted = normalise(text)
    # The longest word that stands in the text as it is (no apostrophe, no ligature) narrows the
    # search down to a few texts.
    words = [word for word in wanted.split() if re.search(rf"\b{word}\b", text.lower())]
    longest = max(words, key=len, default="")
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("find_texts_with"), {"pattern": f"%{longest}%"})
        return any(normalise(content) == wanted for (content,) in cursor)
