"""The plain model: what the app holds, what a night may recommend, and what every feed is.

Everything is small dictionaries and sets, worked out anew from the rules in words. Nothing here
calls the pipeline.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Pair = tuple[str, str]
Rows = dict[str, float]
"""Score by post."""

LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Post:
    author: str
    original: str | None
    at: datetime


@dataclass
class App:
    """The rows of the app's tables. All times are naive UTC, whole seconds."""

    users: dict[str, datetime] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    events: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    likes: dict[Pair, datetime] = field(default_factory=dict)
    comments: list[tuple[str, str, datetime]] = field(default_factory=list)

    def delete_post(self, gone: str) -> None:
        """Delete a post with all that refers to it; its reposts stay."""
        del self.posts[gone]
        self.events = [one for one in self.events if one[1] != gone]
        self.likes = {pair: at for pair, at in self.likes.items() if pair[1] != gone}
        self.comments = [one for one in self.comments if one[1] != gone]

    def delete_user(self, gone: str) -> None:
        """Delete an account with all that it did."""
        del self.users[gone]
        for post in [name for name, post in self.posts.items() if post.author == gone]:
            self.delete_post(post)
        self.events = [one for one in self.events if one[0] != gone]
        self.likes = {pair: at for pair, at in self.likes.items() if pair[0] != gone}
        self.comments = [one for one in self.comments if one[0] != gone]

    def root(self, post: str) -> str:
        """The post that a repost copies in the end, as far as it is there."""
        while (original := self.posts[post].original) in self.posts:
            post = str(original)
        return post

    def seen(self, as_of: datetime) -> set[Pair]:
        """Pairs that must never be recommended: met in any way up to an instant."""
        met = {(user, post) for user, post, _, at in self.events if at <= as_of}
        met |= {pair for pair, at in self.likes.items() if at <= as_of}
        met |= {(user, post) for user, post, at in self.comments if at <= as_of}
        for post in self.posts.values():
            if post.at <= as_of and post.original in self.posts:
                met.add((post.author, str(post.original)))
        there = {pair for pair in met if self.posts[pair[1]].at <= as_of}
        return there | {(user, self.root(post)) for user, post in there}

    def may_get(self, user: str, as_of: datetime) -> set[str]:
        """Posts that may be in a feed which is made of what was there at an instant."""
        seen = self.seen(as_of)
        return {
            name
            for name, post in self.posts.items()
            if post.at <= as_of
            and post.original is None
            and post.author != user
            and (user, name) not in seen
        }

    def likes_learnt_from(self, as_of: datetime) -> set[Pair]:
        """Pairs of the likes that train a model: those that stand, and what stands for one.

        A comment stands for a like where its author did nothing that the app logs.
        """
        inside = {
            (user, post, kind)
            for user, post, kind, at in self.events
            if as_of - LOOK_BACK < at <= as_of
        }
        standing = {pair for pair, at in self.likes.items() if at <= as_of}
        kept = {(user, post, kind) for user, post, kind in inside if kind != "like"}
        kept |= {(*pair, "like") for pair in standing if self._in_window(pair, inside, as_of)}
        active = {user for user, _, _ in kept}
        quiet = {
            (user, post)
            for user, post, at in self.comments
            if as_of - LOOK_BACK < at <= as_of and user not in active
        }
        return {(user, post) for user, post, kind in kept if kind == "like"} | quiet

    def _in_window(
        self, pair: Pair, inside: Collection[tuple[str, str, str]], as_of: datetime
    ) -> bool:
        return (*pair, "like") in inside or self.likes[pair] > as_of - LOOK_BACK


@dataclass(frozen=True)
class Feed:
    """One generation of one reader."""

    rows: Rows
    generated_at: datetime
    expires_at: datetime


@dataclass
class Feeds:
    """``user_recommendation``: the feed of each reader, expired ones too until they are purged."""

    of: dict[str, Feed] = field(default_factory=dict)

    def published(
        self,
        source: Mapping[str, Rows],
        decided: Collection[str],
        like: Feed,
        now: datetime,
        app: App,
    ) -> "Feeds":
        """What a publish makes of them.

        decided: who is decided about; those without rows lose theirs. like: generation and expiry
        of the new feeds.
        """
        if like.expires_at <= now:
            return self
        feeds = dict(self.of)
        for user in {*source, *decided} & set(app.users):
            old, rows = feeds.get(user), source.get(user, {})
            is_live = old is not None and old.expires_at > now
            if old and is_live and old.generated_at > like.generated_at:
                continue
            there = {post: score for post, score in rows.items() if post in app.posts}
            if there:
                feeds[user] = Feed(there, like.generated_at, like.expires_at)
            elif is_live:
                del feeds[user]
        return Feeds(feeds)

    def purged(self, now: datetime) -> "Feeds":
        """Without the expired ones."""
        return Feeds({user: feed for user, feed in self.of.items() if feed.expires_at > now})

    def without(self, *, users: Iterable[str] = (), posts: Iterable[str] = ()) -> "Feeds":
        """After accounts and posts were deleted."""
        left = {}
        for user, feed in self.of.items():
            rows = {post: score for post, score in feed.rows.items() if post not in set(posts)}
            if user not in set(users) and rows:
                left[user] = Feed(rows, feed.generated_at, feed.expires_at)
        return Feeds(left)
