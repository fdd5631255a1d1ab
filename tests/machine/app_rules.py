"""The app's side of the machine: what people do, and what the table has to hold after it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.machine.model import App, Feed, Feeds, Post
from tests.machine.world import World, hours

_TABLE = "SELECT user_id, post_id, score, generated_at, expires_at FROM user_recommendation"
_KINDS = ("view", "like", "comment", "repost", "share", "click")

numbers = st.integers(0, 99)
actions = st.lists(st.tuples(numbers, numbers, st.sampled_from(_KINDS)), min_size=1, max_size=5)


class AppRules(RuleBasedStateMachine):
    """People act, posts and people go, the clock moves. ``world`` is shared and emptied before."""

    world: World
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.clock = self.world.clock
        self.app, self.feeds = App(), Feeds()
        self.violations: list[str] = []
        self.named = 0

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

    @rule(ahead=st.integers(1, 60))
    def wait(self, ahead: int) -> None:
        self.clock.now += hours(ahead)
        self.compare()

    @rule(back=st.integers(1, 30))
    def clock_steps_back(self, back: int) -> None:
        self.clock.now -= hours(back)
        self.compare()

    def table(self) -> Feeds:
        """Read the table; a reader with two generations is a violation."""
        found: dict[str, Feed] = {}
        for user, post, score, generated_at, expires_at in self.world.ask(_TABLE):
            feed = found.setdefault(user, Feed({}, generated_at, expires_at))
            feed.rows[post] = score
            if (feed.generated_at, feed.expires_at) != (generated_at, expires_at):
                self.violations.append(f"{user} has two generations")
        return Feeds(found)

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
