"""A publish that is watched from its beginning: what readers see, and what it leads to."""

from tests.machine.fake_run import FakeContext
from tests.machine.judging import Judging
from tests.machine.model import Feed, Feeds
from tests.machine.world import hours

_TTL = hours(48)


class Publishing:
    """Watch one publish from its beginning, and take over what it has made at its end.

    purges: whether expired rows go at its end. is_night: whether a pin decides what is published.
    """

    def __init__(
        self,
        machine: Judging,
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
        return self.before.published(rows, decided, Feed({}, made, made + _TTL), now, machine.app)
