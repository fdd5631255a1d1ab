"""A Hypothesis machine that plays the whole system against the plain model.

After each step the table is compared with the model to the last row. Where a fault struck, each
reader has the feed of before or the one of after, whole; the model then goes on from what is there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.machine.app_rules import numbers
from tests.machine.fake_run import FakeContext
from tests.machine.judging import Judging
from tests.machine.publishing import Publishing
from tests.machine.world import Fault, day_of, hours
from threads_pipelines.errors import DataError
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.pruning import prune_versions
from threads_pipelines.storage.s3.retention import VersionRules

RULES = VersionRules(superseded_days=1, keep_days=3, keep_partitions=2)
MOST_BOUNDARIES = 220
faults = st.none() | st.builds(
    Fault, st.sampled_from(("kill", "kill", "database", "s3")), st.integers(1, MOST_BOUNDARIES)
)


@dataclass
class Failed:
    """A run that ended early, for another one to continue."""

    run: FakeContext
    as_of: datetime
    users: list[str]


class Machine(Judging):
    """What the pipeline does, each step with or without a fault at one of its boundaries."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: Failed | None = None

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
        with Publishing(self, run, failed.users), self.world.failing(fault):
            if not version or store.manifest(partition, version).facts.settings is None:
                self.world.make(run, failed.as_of)
            elif version not in self.versions:
                self.world.rank(run)
            self.world.publish(run, failed.users)
        self._note_failure(run, failed.as_of, failed.users)

    @rule(fault=faults)
    def refresh(self, fault: Fault | None) -> None:
        run = self.world.begin(day_of(self.clock.now))
        with Publishing(self, run, [], is_night=False), self.world.failing(fault):
            if self.world.refresh(run):
                assert self.pinned is None, "a refresh ran beside a pin"
        self.verify()

    @rule(which=numbers, fault=faults)
    @precondition(lambda self: self.registered())
    def pin(self, which: int, fault: Fault | None) -> None:
        known = self.registered()
        name, before = known[which % len(known)], self.pinned
        run, future = self.world.begin(""), False
        self.pinned = name
        with Publishing(self, run, [], purges=False):
            try:
                with self.world.failing(fault):
                    self.world.pin(run, name)
            except DataError:
                future = True
        if self.world.struck:
            pin = read_pin(self.world.versions.objects)
            self.pinned = pin.version if pin else None
            assert self.pinned in (before, name), "the pin is one that nobody asked for"
            self.verify()
        else:
            assert future == self.has_newer(name), "rows of the future and a rollback"

    @rule(fault=faults)
    @precondition(lambda self: self.pinned)
    def release(self, fault: Fault | None) -> None:
        with self.world.failing(fault):
            self.world.release(self.world.begin(""))
        pin = read_pin(self.world.versions.objects)
        if not self.world.struck or pin is None:
            self.pinned = None
        assert (pin.version if pin else None) == self.pinned, "the pin is not what was asked for"

    @rule()
    @precondition(lambda self: self.registered())
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
            if not self.is_stored(version.partition, name):
                del self.versions[name]
        self.verify()

    def teardown(self) -> None:
        self.verify()

    def _night(self, as_of: datetime, users: list[str], fault: Fault | None) -> None:
        run = self.world.begin(day_of(as_of))
        with Publishing(self, run, users), self.world.failing(fault):
            self.world.make(run, as_of)
            self.world.publish(run, users)
        self._note_failure(run, as_of, users)

    def _note_failure(self, run: FakeContext, as_of: datetime, users: list[str]) -> None:
        if self.world.struck:
            self.failed = Failed(run, as_of, users)
            self.verify()
