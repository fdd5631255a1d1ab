"""Who is decided about and gets no new rows loses the old ones; too many at once are refused."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import USERS, expected, kill_when_reached, publish_night, shorter, whole
from tests.storage.feed_readers import readers
from tests.storage.publishing import DAY, FIRST, NIGHT, TTL, decided, feeds, put
from threads_pipelines.errors import LeftWithoutError
from threads_pipelines.storage.postgres.publishing.publish import PublishReport

ALL = {"most_left_without": 1.0}


@pytest.fixture
def small(app_database: AppDatabase) -> AppDatabase:
    """Ann and Bob have live rows, Cem has none."""
    app_database.users("ann", "bob", "cem", "author")
    app_database.posts("author", "p1", "p2", "p3")
    put(app_database, FIRST)
    return app_database


def again(
    database: AppDatabase, rows: list[tuple[str, str, float]], **options: object
) -> PublishReport:
    return put(database, rows, **{"generated_at": NIGHT + DAY, **options})


def test_who_is_decided_about_and_has_no_rows_loses_the_old_ones(small: AppDatabase) -> None:
    report = again(small, [("ann", "p3", 0.9)], decided=decided("ann", "bob", "cem"), **ALL)
    assert feeds(small) == {"ann": [("p3", 0.9)]}
    assert (report.users, report.users_live, report.users_left_without) == (1, 2, 1)
    assert (report.users_emptied, report.users_withheld, report.deleted) == (1, 0, 3)


def test_who_is_not_decided_about_keeps_everything(small: AppDatabase) -> None:
    again(small, [("ann", "p3", 0.9)], decided=decided("ann", "cem"), **ALL)
    assert feeds(small) == {"ann": [("p3", 0.9)], "bob": [("p1", 0.8)]}


def test_under_a_pin_everybody_is_decided_about(small: AppDatabase) -> None:
    again(small, [("ann", "p3", 0.9)], decided=decided("ann", everybody=True), **ALL)
    assert feeds(small) == {"ann": [("p3", 0.9)]}


def test_rows_whose_posts_are_all_gone_are_no_rows(small: AppDatabase) -> None:
    rows = [("ann", "p3", 0.9), ("bob", "gone", 0.9), ("bob", "gone too", 0.8)]
    report = again(small, rows, decided=decided("ann", "bob"), **ALL)
    assert feeds(small) == {"ann": [("p3", 0.9)]}
    assert (report.users_left_without, report.vanished) == (1, 2)


def test_more_than_the_limit_stops_before_the_first_shard(small: AppDatabase) -> None:
    began: list[int] = []
    options = {"decided": decided("ann", "bob"), "begin": lambda: began.append(1)}
    with pytest.raises(LeftWithoutError) as refused:
        again(small, [("ann", "p3", 0.9)], **options)
    message = str(refused.value)
    assert "\n" not in message
    for part in ("1 of 2 people", "50.0%", "at most 5.0%", "THREADS_MAX_LEFT_WITHOUT"):
        assert part in message
    assert feeds(small) == {"ann": [("p2", 0.9), ("p1", 0.5)], "bob": [("p1", 0.8)]}
    assert began == []

    again(small, [("ann", "p3", 0.9)], **options, most_left_without=0.5)  # the limit itself may
    assert feeds(small) == {"ann": [("p3", 0.9)]}
    assert began == [1]


@pytest.mark.parametrize("everybody", [False, True])
def test_an_empty_result_never_empties_the_table(small: AppDatabase, everybody: bool) -> None:
    with pytest.raises(LeftWithoutError, match=r"2 of 2 people with live rows \(100.0%\)"):
        again(small, [], decided=decided("ann", "bob", everybody=everybody))
    assert len(feeds(small)) == 2


def test_withheld_people_are_removed_and_do_not_count(small: AppDatabase) -> None:
    report = again(small, [("ann", "p3", 0.9)], decided=decided("ann", withheld=("bob", "cem")))
    assert feeds(small) == {"ann": [("p3", 0.9)]}
    assert (report.users_left_without, report.users_withheld, report.users_emptied) == (0, 1, 1)


def test_a_dry_run_tells_and_does_not_stop(small: AppDatabase) -> None:
    before = small.rows("SELECT * FROM user_recommendation ORDER BY id")
    report = again(small, [], decided=decided("ann", withheld=("bob",)), dry_run=True)
    assert (report.users_left_without, report.users_withheld, report.users_emptied) == (1, 1, 2)
    assert "1 of 2 people with live rows (50.0%) would be left without any" in report.refusal
    assert small.rows("SELECT * FROM user_recommendation ORDER BY id") == before


def test_an_older_decision_takes_nothing_from_a_newer_one(small: AppDatabase) -> None:
    older = {"generated_at": NIGHT - DAY, "now": NIGHT}
    report = put(small, [], decided=decided("ann", withheld=("bob",)), **older)
    assert len(feeds(small)) == 2
    assert (report.users_live, report.users_left_without, report.users_withheld) == (2, 0, 0)


def test_expired_rows_count_for_nothing(small: AppDatabase) -> None:
    late = NIGHT + TTL
    report = put(small, [], decided=decided("ann", "bob"), generated_at=late, now=late)
    assert (report.users_live, report.users_left_without, report.users_emptied) == (0, 0, 0)


def test_the_same_generation_again_takes_back_what_it_gave(small: AppDatabase) -> None:
    put(small, [("ann", "p2", 0.9)], decided=decided("ann", "bob"), **ALL)
    assert feeds(small) == {"ann": [("p2", 0.9)]}


def test_ids_of_any_kind_are_found(app_database: AppDatabase) -> None:
    strange = sorted(
        ["a,b", "quote \" '", "back\\slash \\N", "tab\tnew\nline", "🦊", "\ufffdz", "%s"]
    )
    for row, one in enumerate(strange):
        app_database.users(one, email=f"{row}@example.org", username=str(row))
    app_database.posts(strange[0], "p1", "p,2\n")
    put(app_database, [(one, "p1", 0.5) for one in strange])
    kept, gone = strange[::2], strange[1::2]
    report = again(
        app_database, [(one, "p,2\n", 0.5) for one in kept], decided=decided(*strange), **ALL
    )
    assert report.users_left_without == report.users_emptied == len(gone)
    assert feeds(app_database) == {one: [("p,2\n", 0.5)] for one in kept}


PEOPLE = ("ann", "bob", "cem", "dee")
POSTS = ("p1", "p2", "gone")
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(POSTS))
VERSIONS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.dictionaries(PAIRS, st.floats(0, 1), max_size=6),
        st.dictionaries(st.sampled_from(PEOPLE), st.booleans()),
        st.booleans(),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    ),
    max_size=5,
)  # fmt: skip


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=VERSIONS, shard_rows=st.integers(1, 120), connections=st.integers(1, 2))
def test_any_order_of_versions_does_what_a_plain_model_does(
    app_database: AppDatabase,
    versions: list[tuple[int, dict[tuple[str, str], float], dict[str, bool], bool, float]],
    shard_rows: int,
    connections: int,
) -> None:
    app_database.rows('TRUNCATE "user" CASCADE')
    app_database.users(*PEOPLE, "author")
    app_database.posts("author", "p1", "p2")
    model: dict[str, tuple[int, dict[str, float]]] = {}
    for hour, scores, people, everybody, most in versions:
        given_rows = {
            user: {p: s for (one, p), s in scores.items() if one == user} for user, _ in scores
        }
        living = {
            u: {p: s for p, s in feed.items() if p != "gone"} for u, feed in given_rows.items()
        }
        living = {user: feed for user, feed in living.items() if feed}
        open_to = [u for u, (made, _) in model.items() if made <= hour and u not in living]
        withheld = [u for u in open_to if people.get(u) is False]
        lost = [
            u for u in open_to
            if u not in withheld and (people.get(u) or u in given_rows or everybody)
        ]  # fmt: skip
        rows = [(*pair, score) for pair, score in sorted(scores.items())]
        options = {
            "generated_at": NIGHT + hour * timedelta(hours=1),
            "now": NIGHT + timedelta(hours=4),
            "decided": decided(
                *(u for u in people if people[u]),
                withheld=tuple(u for u in people if not people[u]),
                everybody=everybody,
            ),
            "most_left_without": most,
            "shard_rows": shard_rows,
            "connections": connections,
        }
        if len(lost) > most * len(model):
            with pytest.raises(LeftWithoutError):
                put(app_database, rows, **options)
        else:
            report = put(app_database, rows, **options)
            assert (report.users_live, report.users_left_without) == (len(model), len(lost))
            assert report.users_emptied == len(lost) + len(withheld)
            for user in lost + withheld:
                del model[user]
            for user, feed in living.items():
                if user not in model or model[user][0] <= hour:
                    model[user] = (hour, feed)
        found = {user: dict(feed) for user, feed in feeds(app_database).items()}
        assert found == {user: feed for user, (_, feed) in model.items()}


def test_rows_that_can_be_read_only_once_are_refused(crowd: AppDatabase) -> None:
    with pytest.raises(TypeError, match="read twice"):
        publish_night(crowd, 0, decided=decided(*USERS))


GONE = USERS[50:]


def test_readers_see_nobody_without_a_feed_in_the_middle(crowd: AppDatabase) -> None:
    """Who keeps a feed never sees an empty one while the rows of others go."""
    publish_night(crowd, 0)
    with readers(crowd, among=USERS[:50]) as seen:
        for generation in range(1, 5):
            if generation % 2:
                publish_night(crowd, generation, shorter, decided=decided(*USERS), **ALL)
            else:
                publish_night(crowd, generation, whole, decided=decided(*USERS))
    assert seen.wrong == []
    assert seen.reads > 100
    assert feeds(crowd) == expected(4)


KILLED = """
import sys, time
from tests.storage.app_database import AppDatabase
from tests.storage.crowd import USERS, publish_night, shorter
from tests.storage.publishing import decided
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.postgres.publishing.left_without import LeftWithout
from threads_pipelines.storage.postgres.publishing.shard_writer import ShardWriter

write, done = ShardWriter.write, []

def stopping(self, shard):
    if len(done) == int(sys.argv[1]):
        print("reached", flush=True)
        time.sleep(60)
    done.append(shard)
    return write(self, shard)

ShardWriter.write = stopping
url = sys.stdin.readline().strip()
given = {"connections": 1, "decided": decided(*USERS), "most_left_without": 1.0}
publish_night(AppDatabase(connect(url), url), 1, shorter, **given)
"""


@pytest.mark.parametrize("shards", [5, 14])
def test_a_publish_that_was_killed_between_shards_is_run_again(
    crowd: AppDatabase, shards: int
) -> None:
    """Killed among the shards with rows, and among those of people whose rows go."""
    publish_night(crowd, 0)
    kill_when_reached(crowd, KILLED, str(shards))
    found, old, new = feeds(crowd), expected(0), expected(1)
    assert all(found[user] in (old[user], new[user]) for user in USERS[:50])
    assert all(found.get(user) in (old[user], None) for user in GONE)
    assert found != old
    left = len(set(GONE) & set(found))
    report = publish_night(crowd, 1, shorter, decided=decided(*USERS), **ALL)
    assert report.users_emptied == left > 0
    assert feeds(crowd) == {user: feed for user, feed in new.items() if user not in GONE}
