"""What the machine holds a version, a publish and the stored files against."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.machine.app_rules import AppRules
from tests.machine.fake_run import FakeContext
from tests.machine.model import Feeds, Rows
from tests.machine.world import TOP_K, hours
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.refreshes.record import published_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.checked import is_checked

_SEEN_SINCE = hours(24)
"""A pinned version is published without what was seen from so long before it was made."""


@dataclass(frozen=True)
class Version:
    """A version whose rows passed the checks."""

    partition: str
    as_of: datetime
    rows: dict[str, Rows]
    decided: set[str]


class Judging(AppRules):
    """Knows the versions by what the app held when they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, Version] = {}
        self.pinned: str | None = None

    def learn(self, run: FakeContext) -> None:
        """Check the version of a run against the model, if its rows passed the checks."""
        name = self.world.version_of(run)
        if not name or name in self.versions:
            return
        with self.world.paused():
            store, partition = self.world.versions, run.partition_key
            manifest = store.manifest(partition, name)
            if not is_checked(store, manifest):
                return
            as_of = manifest.facts.as_of.astimezone(UTC).replace(tzinfo=None)
            rows = self.world.rows_of(partition, name)
            decided = self.world.decided_by(partition, name)
            if manifest.facts.kind == "night":
                self._judge_likes(load_snapshot(store, partition, name), as_of)
        there = {user for user, at in self.app.users.items() if at <= as_of}
        people = there & decided if manifest.facts.kind == "refresh" else there
        if people != decided:
            self.violations.append(f"decides about {decided}, not {people}")
        self.judge_rows(rows, as_of, people)
        self.versions[name] = Version(partition, as_of, rows, decided)

    def _judge_likes(self, snapshot: Snapshot, as_of: datetime) -> None:
        """Likes that were taken back teach nothing."""
        events, users, posts = snapshot.interactions, snapshot.users.ids, snapshot.posts.ids
        likes = events.kind == INTERACTION_TYPES.index("like")
        pairs = zip(users[events.user[likes]], posts[events.post[likes]], strict=True)
        learnt, expected = set(pairs), self.app.likes_learnt_from(as_of)
        if learnt != expected:
            self.violations.append(f"learnt from likes: {learnt ^ expected} too many or too few")

    def judge_rows(self, rows: dict[str, Rows], as_of: datetime, people: set[str]) -> None:
        """Nothing own, seen or deleted; whole feeds; scores in [0, 1]."""
        if set(rows) - people:
            self.violations.append(f"feeds for {set(rows) - people}")
        for user in people:
            allowed, feed = self.app.may_get(user, as_of), rows.get(user, {})
            if not set(feed) <= allowed or len(feed) != min(TOP_K, len(allowed)):
                self.violations.append(f"{user} gets {sorted(feed)} of {sorted(allowed)}")
            if not all(0 <= score <= 1 for score in feed.values()):
                self.violations.append(f"{user} has scores {feed}")

    def as_pinned(self, name: str) -> tuple[dict[str, Rows], datetime]:
        """Rows that a publish of a pinned version takes, and their generation."""
        version = self.versions[name]
        since, now, app = version.as_of - _SEEN_SINCE, self.clock.now, self.app
        met = {(user, post) for user, post, _, at in app.events if at >= since}
        met |= {pair for pair, at in app.likes.items() if at >= since}
        met |= {(user, post) for user, post, at in app.comments if at >= since}
        met |= {(p.author, p.original) for p in app.posts.values() if p.original and p.at >= since}
        kept = {
            user: {post: score for post, score in rows.items() if (user, post) not in met}
            for user, rows in version.rows.items()
        }
        return {user: rows for user, rows in kept.items() if rows}, now

    def left_without_since(self, as_of: datetime) -> set[str]:
        """Whom a later night that is served, or a later refresh that is kept, left without rows."""
        objects = self.world.versions.objects
        with self.world.paused():
            active, refreshes = read_registry(objects).active, published_refreshes(objects)
        served = [one.version for one in (active, *refreshes) if one]
        later = [self.versions[one] for one in served if one in self.versions]
        left = [one.decided - set(one.rows) for one in later if one.as_of > as_of]
        return set().union(*left)

    def compare_each(self, before: Feeds, after: Feeds) -> Feeds:
        """Each live feed is the one before or the one after, whole; return what is there."""
        table, now = self.table(), self.clock.now
        live, old, new = (feeds.purged(now).of for feeds in (table, before, after))
        for user in live | old | new:
            if live.get(user) not in (old.get(user), new.get(user)):
                self.violations.append(
                    f"{user} has {live.get(user)}, neither {old.get(user)} nor {new.get(user)}"
                )
        return table

    def verify(self) -> None:
        """What pointers, registry and pin name is there, with the checksums of its files."""
        store = self.world.versions
        registry, pin = read_registry(store.objects), read_pin(store.objects)
        assert (pin.version if pin else None) == self.pinned, "the pin is not what was asked for"
        there = {item.key: item.size for item in store.objects.listing("models/")}
        pointers = [key.split("/")[1] for key in there if key.endswith("/current.json")]
        named = [(day, store.current(day)) for day in pointers]
        served = [one for one in (registry.active, registry.previous, pin) if one]
        for partition, version in named + [(one.partition, one.version) for one in served]:
            manifest = store.manifest(partition, version)
            sizes = {manifest.prefix + name: file.size for name, file in manifest.files.items()}
            assert sizes.items() <= there.items(), f"{manifest.prefix} is not whole"
        for one in served:
            self.world.rows_of(one.partition, one.version)

    def is_stored(self, partition: str, name: str) -> bool:
        try:
            manifest = self.world.versions.manifest(partition, name)
        except ArtefactError:
            return False
        return bool(manifest.files)

    def registered(self) -> list[str]:
        return [
            entry.version
            for entry in read_registry(self.world.versions.objects).entries
            if entry.version in self.versions
        ]

    def has_newer(self, name: str) -> bool:
        rows, now = self.as_pinned(name)
        return any(
            feed.generated_at > now and feed.expires_at > now
            for user, feed in self.feeds.of.items()
            if user in rows
        )
