"""A Hypothesis machine that plays the whole system against the plain model.

After each step the table is compared with the model to the last row. Where a fault struck, each
reader has the feed of before or the one of after, whole; the model then goes on from what is there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.machine.fake_run import FakeContext
from tests.machine.model import App, Feed, Feeds, Post, Rows
from tests.machine.world import TOP_K, Fault, World, day_of, hours
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.errors import ArtefactError, DataError
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.pruning import prune_versions
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.retention import VersionRules
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.checked import is_checked

TTL = hours(48)
SEEN_SINCE = hours(24)
"""A pinned version is published without what was seen from so long before it was made."""
RULES = VersionRules(superseded_days=1, keep_days=3, keep_partitions=2)
MOST_BOUNDARIES = 140
_TABLE = "SELECT user_id, post_id, score, generated_at, expires_at FROM user_recommendation"
_KINDS = ("view", "like", "comment", "repost", "share", "click")

numbers = st.integers(0, 99)
actions = st.lists(st.tuples(numbers, numbers, st.sampled_from(_KINDS)), min_size=1, max_size=5)
faults = st.none() | st.builds(
    Fault, st.sampled_from(("kill", "kill", "database", "s3")), st.integers(1, MOST_BOUNDARIES)
)


@dataclass(frozen=True)
class Version:
    """A version whose rows passed the checks."""

    partition: str
    as_of: datetime
    rows: dict[str, Rows]
    decided: set[str]


@dataclass
class Failed:
    """A run that ended early, for another one to continue."""

    run: FakeContext
    as_of: datetime
    users: list[str]


class Machine(RuleBasedStateMachine):
    """One sequence of steps. ``world`` is shared by all and emptied before each."""

    world: World
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.clock = self.world.clock
        self.app, self.feeds = App(), Feeds()
        self.versions: dict[str, Version] = {}
        self.pinned: str | None = None
        self.failed: Failed | None = None
        self.violations: list[str] = []
        self.named = 0

    # What the app does.

    @initialize()
    def fill(self) -> None:
        self.clock.now -= hours(400)
        for _ in range(4):
            self._join()
        for number in range(9):
            self._write(number)
        self._act([(number, 3 * number, _KINDS[number % 6]) for number in range(8)])
        self.clock.now += hours(400)

    @rule(what=actions)
    def act(self, what: list[tuple[int, int, str]]) -> None:
        self._act(what)
        self.compare()

    @rule(which=numbers)
    @precondition(lambda self: self.app.likes)
    def unlike(self, which: int) -> None:
        pair = sorted(self.app.likes)[which % len(self.app.likes)]
        self._sql('DELETE FROM "like" WHERE user_id = %s AND post_id = %s', *pair)
        del self.app.likes[pair]

    @rule(author=numbers, new=st.booleans())
    def write(self, author: int, new: bool) -> None:
        if new:
            self._join()
        self._write(author)

    @rule(which=numbers)
    @precondition(lambda self: len(self.app.posts) > 6)
    def delete_post(self, which: int) -> None:
        gone = sorted(self.app.posts)[which % len(self.app.posts)]
        self._sql("DELETE FROM post WHERE id = %s", gone)
        self.app.delete_post(gone)
        self.feeds = self.feeds.without(posts=[gone])
        self.compare()

    @rule(which=numbers)
    @precondition(lambda self: len(self.app.users) > 3)
    def delete_person(self, which: int) -> None:
        gone = sorted(self.app.users)[which % len(self.app.users)]
        before = set(self.app.posts)
        self._sql('DELETE FROM "user" WHERE id = %s', gone)
        self.app.delete_user(gone)
        self.feeds = self.feeds.without(users=[gone], posts=before - set(self.app.posts))
        self.compare()

    # What the pipeline does.

    @rule(fault=faults)
    def night(self, fault: Fault | None) -> None:
        self._night(self.clock.now, [], fault)

    @rule(back=st.integers(1, 70), fault=faults)
    def backfill(self, back: int, fault: Fault | None) -> None:
        self._night(self.clock.now - hours(back), [], fault)

    @rule(chosen=st.lists(numbers, min_size=1, max_size=2), back=st.integers(0, 3), fault=faults)
    def partial_audience(self, chosen: list[int], back: int, fault: Fault | None) -> None:
        people = sorted(self.app.users)
        named = sorted({people[number % len(people)] for number in chosen})
        self._night(self.clock.now - hours(back), named, fault)

    @rule(fault=faults)
    @precondition(lambda self: self.failed)
    def retry(self, fault: Fault | None) -> None:
        """Continue the run that failed last, with the version that it began."""
        failed, self.failed = self.failed, None
        assert failed
        partition, version = failed.run.partition_key, self.world.version_of(failed.run)
        store = self.world.versions
        if failed.as_of > self.clock.now or (version and version not in store.versions(partition)):
            return  # refused: the time has not come, or the version was pruned
        run = self.world.begin(partition, failed.run.run.run_id)
        run.run.tags.update(failed.run.run.tags)
        with _Publishing(self, run, failed.users), self.world.failing(fault):
            if not version or store.manifest(partition, version).facts.settings is None:
                self.world.make(run, failed.as_of)
            elif version not in self.versions:
                self.world.rank(run)
            self.world.publish(run, failed.users)
        self._note_failure(run, failed.as_of, failed.users)

    @rule(fault=faults)
    def refresh(self, fault: Fault | None) -> None:
        run = self.world.begin(day_of(self.clock.now))
        with _Publishing(self, run, [], is_night=False), self.world.failing(fault):
            if self.world.refresh(run):
                assert self.pinned is None, "a refresh ran beside a pin"
        self._verify()

    @rule(which=numbers, fault=faults)
    @precondition(lambda self: self._registered())
    def pin(self, which: int, fault: Fault | None) -> None:
        known = self._registered()
        name, before = known[which % len(known)], self.pinned
        run, future = self.world.begin(""), False
        self.pinned = name
        with _Publishing(self, run, [], purges=False):
            try:
                with self.world.failing(fault):
                    self.world.pin(run, name)
            except DataError:
                future = True
        if self.world.struck:
            pin = read_pin(self.world.versions.objects)
            self.pinned = pin.version if pin else None
            assert self.pinned in (before, name), "the pin is one that nobody asked for"
            self._verify()
        else:
            assert future == self._has_newer(name), "rows of the future and a rollback"

    @rule(fault=faults)
    def release(self, fault: Fault | None) -> None:
        with self.world.failing(fault):
            self.world.release(self.world.begin(""))
        pin = read_pin(self.world.versions.objects)
        if not self.world.struck or pin is None:
            self.pinned = None
        assert (pin.version if pin else None) == self.pinned, "the pin is not what was asked for"

    @rule()
    @precondition(lambda self: self._registered())
    def dry_run(self) -> None:
        with self.world.failing(None):
            self.world.dry_run(self.world.begin(""))
        self.compare()

    @rule(fault=faults)
    def prune(self, fault: Fault | None) -> None:
        store = self.world.versions
        with self.world.failing(fault):
            prune_versions(store, self.clock.now.replace(tzinfo=UTC), RULES)
        for name, version in list(self.versions.items()):
            if not self._is_stored(version.partition, name):
                del self.versions[name]
        self._verify()

    @rule(ahead=st.integers(1, 60))
    def wait(self, ahead: int) -> None:
        self.clock.now += hours(ahead)
        self.compare()

    @rule(back=st.integers(1, 30))
    def clock_steps_back(self, back: int) -> None:
        self.clock.now -= hours(back)
        self.compare()

    def teardown(self) -> None:
        self._verify()

    # How it is judged.

    def _night(self, as_of: datetime, users: list[str], fault: Fault | None) -> None:
        run = self.world.begin(day_of(as_of))
        with _Publishing(self, run, users), self.world.failing(fault):
            self.world.make(run, as_of)
            self.world.publish(run, users)
        self._note_failure(run, as_of, users)

    def _note_failure(self, run: FakeContext, as_of: datetime, users: list[str]) -> None:
        if self.world.struck:
            self.failed = Failed(run, as_of, users)
            self._verify()

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
        since, now, app = version.as_of - SEEN_SINCE, self.clock.now, self.app
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
            active, refreshes = read_registry(objects).active, read_refreshes(objects)
        served = [one.version for one in (active, *refreshes) if one]
        later = [self.versions[one] for one in served if one in self.versions]
        left = [one.decided - set(one.rows) for one in later if one.as_of > as_of]
        return set().union(*left)

    def table(self) -> Feeds:
        """Read the table; a reader with two generations is a violation."""
        found: dict[str, Feed] = {}
        for user, post, score, generated_at, expires_at in self.world.ask(_TABLE):
            feed = found.setdefault(user, Feed({}, generated_at, expires_at))
            feed.rows[post] = score
            if (feed.generated_at, feed.expires_at) != (generated_at, expires_at):
                self.violations.append(f"{user} has two generations")
        return Feeds(found)

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

    def compare(self) -> None:
        table = self.table()
        for user in table.of | self.feeds.of:
            if table.of.get(user) != self.feeds.of.get(user):
                self.violations.append(
                    f"{user} has {table.of.get(user)}, not {self.feeds.of.get(user)}"
                )
        self.judged()

    def judged(self) -> None:
        """Fail where anything was found."""
        type(self).steps += 1
        assert not self.violations, "\n".join(self.violations)

    def _verify(self) -> None:
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

    def _is_stored(self, partition: str, name: str) -> bool:
        try:
            manifest = self.world.versions.manifest(partition, name)
        except ArtefactError:
            return False
        return bool(manifest.files)

    def _registered(self) -> list[str]:
        return [
            entry.version
            for entry in read_registry(self.world.versions.objects).entries
            if entry.version in self.versions
        ]

    def _has_newer(self, name: str) -> bool:
        rows, now = self.as_pinned(name)
        return any(
            feed.generated_at > now and feed.expires_at > now
            for user, feed in self.feeds.of.items()
            if user in rows
        )

    # How the app's rows are written.

    def _sql(self, query: str, *given: object) -> None:
        self.world.ask(query, *given)

    def _name(self, kind: str) -> str:
        self.named += 1
        return f"{kind}{self.named:04}"

    def _join(self) -> None:
        name, now = self._name("u"), self.clock.now
        self._sql(
            'INSERT INTO "user" (id, email, username, created_at, updated_at) '
            "VALUES (%s, %s, %s, %s, %s)", name, f"{name}@example.org", name, now, now,
        )  # fmt: skip
        self.app.users[name] = now

    def _write(self, author: int, original: str | None = None) -> None:
        people = sorted(self.app.users)
        name, now, user = self._name("p"), self.clock.now, people[author % len(people)]
        self._sql(
            "INSERT INTO post (id, user_id, content, original_post_id, created_at, updated_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)", name, user, f"text {name}", original, now, now,
        )  # fmt: skip
        self.app.posts[name] = Post(user, original, now)

    def _act(self, what: list[tuple[int, int, str]]) -> None:
        for one, other, kind in what:
            people, posts, now = sorted(self.app.users), sorted(self.app.posts), self.clock.now
            user, post = people[one % len(people)], posts[other % len(posts)]
            if kind == "repost":
                self._write(one, post)
            elif kind == "comment":
                self._sql(
                    "INSERT INTO comment (id, user_id, post_id, content, created_at, updated_at) "
                    "VALUES (%s, %s, %s, 'so', %s, %s)", self._name("c"), user, post, now, now,
                )  # fmt: skip
                self.app.comments.append((user, post, now))
            else:
                self._sql(
                    "INSERT INTO user_interaction (id, user_id, post_id, interaction_type, "
                    "created_at) VALUES (%s, %s, %s, %s, %s)",
                    self._name("i"), user, post, kind, now,
                )  # fmt: skip
                self.app.events.append((user, post, kind, now))
                if kind == "like" and (user, post) not in self.app.likes:
                    self._sql(
                        'INSERT INTO "like" (id, user_id, post_id, created_at) '
                        "VALUES (%s, %s, %s, %s)", self._name("l"), user, post, now,
                    )  # fmt: skip
                    self.app.likes[user, post] = now


class _Publishing:
    """Watch one publish from its beginning, and take over what it has made at its end.

    purges: whether expired rows go at its end. is_night: whether a pin decides what is published.
    """

    def __init__(
        self,
        machine: Machine,
        run: FakeContext,
        users: list[str],
        *,
        purges: bool = True,
        is_night: bool = True,
    ) -> None:
        self.machine, self.run, self.users = machine, run, users
        self.purges, self.is_night = purges and is_night, is_night
        self.before = machine.feeds

    def __enter__(self) -> None:
        self.machine.world.watch = self.look

    def __exit__(self, kind: object, *_error: object) -> None:
        machine = self.machine
        machine.world.watch = lambda: None
        if kind is not None:
            return
        after = self.after()
        if machine.world.struck:
            machine.feeds = machine.compare_each(self.before, after)
            machine.judged()
        else:
            machine.feeds = after.purged(machine.clock.now) if self.purges else after
            machine.compare()

    def look(self) -> None:
        """What a reader sees between two transactions."""
        self.machine.compare_each(self.before, self.after())

    def after(self) -> Feeds:
        """What the publish is to lead to."""
        machine, now = self.machine, self.machine.clock.now
        machine.learn(self.run)
        pinned = machine.pinned if self.is_night else None
        name = pinned or machine.world.version_of(self.run)
        if name not in machine.versions:
            return self.before
        version = machine.versions[name]
        rows, made, decided = version.rows, version.as_of, version.decided
        if pinned:
            rows, made = machine.as_pinned(name)
            decided = set(machine.app.users)
        elif self.is_night:
            left = machine.left_without_since(made)
            rows = {user: feed for user, feed in rows.items() if user not in left}
        if self.users:
            rows = {user: feed for user, feed in rows.items() if user in self.users}
            decided = version.decided & set(self.users)
        return self.before.published(rows, decided, Feed({}, made, made + TTL), now, machine.app)
