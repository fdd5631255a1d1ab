"""The rules that every feed must keep before it is published, checked in one pass over the rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.pair_keys import pair_keys

EXAMPLES = 5
CHECKS = {
    "score": "a score that is not finite or not in [0, 1]",
    "duplicate": "a post twice in one feed",
    "seen": "a post that the user has seen",
    "own": "a post of the user's own",
    "candidate": "a post that may not be recommended (deleted, a repost, ...)",
    "order": "ranks that are not 1, 2, 3, ... with falling scores",
    "size": "a feed that is not min(top_k, posts left) long",
    "coverage": "a user who should have a feed and has none",
    "receiver": "a feed for somebody who receives none",
    "split_user": "a user whose feed is spread over several chunks",
}
"""What each check found wrong; ``Violations.counts`` has the same keys."""


@dataclass(frozen=True, slots=True)
class Violations:
    """Result of all checks over all rows.

    Attributes:
        counts: Number of violations by check: rows, or users for checks of whole feeds.
        examples: The first few violations by check, with user and post ids.
        rows: Number of rows checked.
        users: Number of users with a feed.
        short: Users with fewer than top_k rows because no more posts are left for them. This is no
            violation.
    """

    counts: dict[str, int]
    examples: dict[str, tuple[str, ...]]
    rows: int
    users: int
    short: int

    @property
    def passed(self) -> bool:
        """Whether there is no violation."""
        return not any(self.counts.values())

    def summary(self) -> str:
        """Describe the result in one sentence.

        Returns:
            The sentence, without a full stop.
        """
        if self.passed:
            return f"{self.rows:,} rows of {self.users:,} users keep every rule"
        faults = (
            f"{count:,} x {CHECKS[check]} (first: {self.examples[check][0]})"
            for check, count in self.counts.items()
            if count
        )
        return "; ".join(faults)


def check_rows(chunks: Iterable[ScoredRows], snapshot: Snapshot, top_k: int) -> Violations:
    """Check feeds against a snapshot. Only one chunk is in memory at a time.

    Args:
        chunks: Rows sorted by (user, rank). Each user's feed must be within one chunk.
        snapshot: The snapshot that the rows were made from.
        top_k: Length of a full feed.

    Returns:
        The violations.
    """
    checker = Checker(snapshot, top_k)
    for chunk in chunks:
        checker.add(chunk)
    return checker.finish()


class Checker:
    """The checks of ``check_rows`` for a caller that passes the chunks one by one.

    Args:
        snapshot: The snapshot that the rows were made from.
        top_k: Length of a full feed.
    """

    def __init__(self, snapshot: Snapshot, top_k: int) -> None:
        self.snapshot, self.top_k = snapshot, top_k
        self.expected = np.minimum(_posts_left(snapshot), top_k)
        self.served = np.zeros(len(snapshot.users.ids), bool)
        self.counts = dict.fromkeys(CHECKS, 0)
        self.examples: dict[str, list[str]] = {}
        self.rows = 0

    def add(self, rows: ScoredRows) -> None:
        """Check one chunk.

        Args:
            rows: Rows sorted by (user, rank), with the whole feed of each of their users.
        """
        posts, n_posts = self.snapshot.posts, len(self.snapshot.posts.ids)
        self.rows += len(rows)
        keys = rows.user.astype(np.int64) * n_posts + rows.post
        users, length = np.unique(rows.user, return_counts=True)
        seen = pair_keys(self.snapshot.seen[users]) if len(users) else keys[:0]
        seen_keys = users[seen // n_posts].astype(np.int64) * n_posts + seen % n_posts
        by_key = np.argsort(keys, kind="stable")
        again = np.zeros(len(rows), bool)
        again[by_key[1:]] = keys[by_key[1:]] == keys[by_key[:-1]]
        first = np.ones(len(rows), bool)
        first[1:] = rows.user[1:] != rows.user[:-1]
        rises = np.zeros(len(rows), bool)
        rises[1:] = ~first[1:] & (
            (rows.score[1:] > rows.score[:-1]) | (rows.rank[1:] != rows.rank[:-1] + 1)
        )
        with np.errstate(invalid="ignore"):
            good = np.isfinite(rows.score) & (rows.score >= 0) & (rows.score <= 1)
        self._pairs("score", ~good, rows)
        self._pairs("duplicate", again, rows)
        self._pairs("seen", np.isin(keys, seen_keys), rows)
        self._pairs("own", posts.author[rows.post] == rows.user, rows)
        self._pairs("candidate", ~posts.candidate[rows.post], rows)
        self._pairs("order", rises | (first & (rows.rank != 1)), rows)
        self._users("size", users[length != self.expected[users]])
        self._users("receiver", users[~self.snapshot.users.receives[users]])
        broken = np.bincount(np.searchsorted(users, rows.user[first]), minlength=len(users)) > 1
        self._users("split_user", users[self.served[users] | broken])
        self.served[users] = True

    def finish(self) -> Violations:
        """Add the checks that need all rows, and return the result. Call it after the last chunk.

        Returns:
            The violations.
        """
        due = self.snapshot.users.receives
        left_out = np.flatnonzero(due & ~self.served & (self.expected > 0))
        self.counts["coverage"] = 0
        self.examples.pop("coverage", None)
        self._users("coverage", left_out)
        return Violations(
            counts=dict(self.counts),
            examples={check: tuple(found) for check, found in self.examples.items()},
            rows=self.rows,
            users=int(self.served.sum()),
            short=int((due & (self.expected < self.top_k)).sum()),
        )

    def _pairs(self, check: str, fault: NDArray[np.bool_], rows: ScoredRows) -> None:
        users, posts = self.snapshot.users.ids, self.snapshot.posts.ids
        where = np.flatnonzero(fault)
        self._note(
            check,
            len(where),
            (
                f"user {users[rows.user[i]]!r}, post {posts[rows.post[i]]!r}, "
                f"rank {rows.rank[i]}, score {rows.score[i]}"
                for i in where
            ),
        )

    def _users(self, check: str, users: NDArray[np.integer]) -> None:
        self._note(check, len(users), (f"user {self.snapshot.users.ids[u]!r}" for u in users))

    def _note(self, check: str, count: int, examples: Iterable[str]) -> None:
        self.counts[check] += count
        if count:
            held = self.examples.setdefault(check, [])
            held += [text for text, _ in zip(examples, range(EXAMPLES - len(held)), strict=False)]


def _posts_left(snapshot: Snapshot) -> NDArray[np.int64]:
    """Count the candidates that each user has neither seen nor written; (n_users,) int64."""
    posts = snapshot.posts
    n_users = len(snapshot.users.ids)
    seen = np.diff(snapshot.seen[:, np.flatnonzero(posts.candidate)].indptr)
    mine = np.flatnonzero(posts.candidate & (posts.author >= 0))
    author = posts.author[mine]
    if len(mine):
        author = author[~np.asarray(snapshot.seen[author, mine]).ravel().astype(bool)]
    own = np.bincount(author, minlength=n_users)
    left: NDArray[np.int64] = int(posts.candidate.sum()) - seen - own
    return left
