"""The feed and history of one account, in the form that the page and the summary show."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

TOP = 10
"""How many posts of a feed its summary looks at."""


@dataclass(frozen=True, slots=True)
class FeedPost:
    """A post of a feed; times are naive UTC, as in the app's database.

    Attributes:
        author: Username of the author.
        topic: Topic of the post.
        content: Text of the post.
        created_at: Naive UTC.
        score: In [0, 1]; None if the post was not ranked.
        reason: A sentence, from ``explain``.
    """

    author: str
    topic: str
    content: str
    created_at: datetime
    score: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class PastPost:
    """A post in a user's history; ``action`` is what the user did, such as "liked"."""

    action: str
    author: str
    topic: str
    content: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountFeed:
    """One account: its feed in order, and its history, latest first.

    Attributes:
        name: Name of the account.
        group: "control", "treatment", or "" if the account does not take part.
        source: Where the app takes the feed from, such as "ml_recommendations".
        interests: Topics that the account likes, if known.
        posts: The feed.
        history: The history.
        made_at: When the feed was made, naive UTC; None if the app makes it at each request.
    """

    name: str
    group: str
    source: str
    interests: tuple[str, ...]
    posts: tuple[FeedPost, ...]
    history: tuple[PastPost, ...]
    made_at: datetime | None = None

    @property
    def median_post(self) -> datetime | None:
        """When the median one of the first posts was written; None where there is no post."""
        times = sorted(post.created_at for post in self.posts[:TOP])
        return times[len(times) // 2] if times else None

    @property
    def topics(self) -> list[tuple[str, int]]:
        """Topics of the first posts with their counts: interests first, then the most frequent."""
        counts = Counter(post.topic for post in self.posts[:TOP])
        return sorted(
            counts.items(), key=lambda item: (item[0] not in self.interests, -item[1], item[0])
        )

    @property
    def own(self) -> int:
        """How many of the first posts are about the account's interests."""
        return sum(post.topic in self.interests for post in self.posts[:TOP])
