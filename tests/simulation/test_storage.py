"""The fake users' rows in the app's database: exactly the app's own, and nobody else's touched."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from tests.simulation.conftest import fill
from tests.storage.app_database import AppDatabase
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation import feeds
from threads_pipelines.simulation.fake_users import RUN_KEY, make_fake_users
from threads_pipelines.simulation.ticks import TickSettings, VisiblePost, draw_tick
from threads_pipelines.storage.postgres.accounts.remove import remove_synthetic

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as the app has it
NOW_MS = 1_772_366_400_000
USERS = make_fake_users(5)
ME = USERS[0]


@pytest.fixture
def app(own_database: AppDatabase) -> AppDatabase:
    """Five fake users, and two posts of each interest by real people."""
    assert storage.add_fake_users(own_database.engine, USERS, ["Name"] * 5, NOW).added == 5
    fill(own_database, 2, NOW - timedelta(hours=1))
    return own_database


def recommend(app: AppDatabase, user: str, *posts: str, expires_at: datetime) -> None:
    app.insert(
        "user_recommendation",
        *(
            {
                "id": f"{user} {post}",
                "user_id": user,
                "post_id": post,
                "score": 1 - place / 10,
                "expires_at": expires_at,
            }
            for place, post in enumerate(posts)
        ),
    )


def test_the_missing_are_made_and_the_rest_left_alone(app: AppDatabase) -> None:
    assert storage.read_fake_users(app.engine) == list(USERS)
    assert storage.add_fake_users(app.engine, USERS, ["Other"] * 5, NOW).added == 0
    assert app.rows("SELECT DISTINCT display_name FROM \"user\" WHERE bio LIKE 'FAKE%%'") == [
        ("Name",)
    ]
    assert app.rows('SELECT email, username, bio FROM "user" WHERE id = %s', ME.id) == [
        ("fake-users.u0@synthetic.test", ME.username, "FAKE_USER: Sports enthusiast")
    ]
    assert ME.username.startswith("sports_bot_")


def test_a_person_is_never_taken_for_a_fake_user(own_database: AppDatabase) -> None:
    app, person = own_database, make_fake_users(6)[5]
    app.users("ada", bio="FAKE_USER: Sports enthusiast")
    app.users("bob", email=ME.email, bio=ME.bio)
    app.users("eve", username=USERS[1].username)
    app.users(person.id, email="me@example.org", bio=person.bio)
    app.posts("ada", "p")
    app.posts(person.id, "q")
    added = storage.add_fake_users(app.engine, USERS, ["Name"] * 5, NOW)
    assert added.left_out == (ME.id,)  # its email is the person's
    assert added.renamed == {USERS[1].id: f"{USERS[1].username}_{USERS[1].id[-12:]}"}
    assert added.added == 4
    assert storage.read_fake_users(app.engine) == list(USERS[1:])
    storage.remove_oldest(app.engine, 0, 0)
    assert remove_synthetic(app.engine, RUN_KEY)["user"] == 4
    assert app.rows('SELECT count(*) FROM "user"') == [(4,)]
    assert app.rows("SELECT id FROM post ORDER BY id") == [("p",), ("q",)]


def test_each_group_is_served_as_the_app_serves_it(app: AppDatabase) -> None:
    treatment, control, without = (user.id for user in USERS[:3])
    app.rows("UPDATE \"user\" SET experiment_group = 'treatment' WHERE id <> %s", control)
    later = NOW + timedelta(hours=1)
    for user in (treatment, control):
        recommend(app, user, "tech-1", "food-0", "cars-1", expires_at=later)
    recommend(app, without, "tech-1", expires_at=NOW)
    app.posts(treatment, "own", content="mine", created_at=NOW - timedelta(hours=1))
    app.posts("writer-food", "fresh", created_at=NOW)
    app.posts("writer-food", "repost", original_post_id="food-0")

    def feeds_of(salt: str) -> dict[str, feeds.ServedFeed]:
        return feeds.read_feeds(app.engine, [user.id for user in USERS], NOW, salt)

    found = feeds_of("a")
    assert [post.id for post in found[treatment].recommended] == ["tech-1", "food-0", "cars-1"]
    assert found[control].recommended == found[without].recommended == []
    chance = [post.id for post in found[control].chance]
    assert set(chance) == {f"{i}-{n}" for i in ("sports", "tech", "anime", "cars", "food")
                           for n in range(2)} | {"own"}  # fmt: skip
    assert "own" not in {post.id for post in found[treatment].chance}
    assert found == feeds_of("a")
    assert chance != [post.id for post in feeds_of("b")[control].chance]
    app.rows('ALTER TABLE "user" DROP COLUMN experiment_group')
    assert len(feeds_of("a")[control].recommended) == 3, "without an experiment all are treated"


def test_the_rows_are_the_apps_own(app: AppDatabase) -> None:
    settings = TickSettings(view=0, like=1, comment=0, click_before_like=1, share_after_like=1)
    acts = draw_tick(
        ME.id, [VisiblePost("sports-0", "x", 1.0)], NOW_MS, np.random.default_rng(0), settings
    )
    words = draw_tick(
        ME.id,
        [VisiblePost("sports-1", "x", 1.0)],
        NOW_MS,
        np.random.default_rng(0),
        TickSettings(view=0, like=0, comment=1),
    )
    texts = {act.id: "Well played." for act in words}
    rows = {"like": 1, "user_interaction": 5, "comment": 1}
    assert storage.add_acts(app.engine, acts + words, texts) == rows
    kept = app.rows(
        "SELECT interaction_type, metadata, created_at FROM user_interaction"
        " WHERE user_id = %s AND post_id = 'sports-0' ORDER BY 1",
        ME.id,
    )
    by_kind = {kind: metadata for kind, metadata, _ in kept}
    assert {at for *_, at in kept} == {NOW}
    assert set(by_kind["view"]) == {"duration", "scroll_depth", "source"}
    assert by_kind["click"] == by_kind["like"] == {"source": "feed"}
    assert by_kind["share"] == {"source": "feed", "method": "clipboard"}
    assert app.rows('SELECT user_id, post_id, created_at FROM "like"') == [(ME.id, "sports-0", NOW)]
    assert app.rows("SELECT post_id, content, created_at, updated_at FROM comment") == [
        ("sports-1", "Well played.", NOW, NOW)
    ]
    assert app.rows("SELECT interaction_type FROM user_interaction WHERE post_id = 'sports-1'") == [
        ("view",)
    ]
    nothing = dict.fromkeys(rows, 0)
    assert storage.add_acts(app.engine, acts + words, texts) == nothing, "a retry adds nothing"
    feed = feeds.read_feeds(app.engine, [ME.id], NOW, "")[ME.id]
    assert {post.id for post in feed.chance if post.met} == {"sports-0", "sports-1"}


def test_a_like_is_given_and_told_once(app: AppDatabase) -> None:
    settings = TickSettings(view=0, like=1, comment=0)
    for minute in range(2):
        acts = draw_tick(
            ME.id,
            [VisiblePost("food-0", "x", 1.0)],
            NOW_MS + 60_000 * minute,
            np.random.default_rng(0),
            settings,
        )
        storage.add_acts(app.engine, acts, {})
    assert app.rows('SELECT count(*) FROM "like"') == [(1,)]
    told = "SELECT count(*) FROM user_interaction WHERE interaction_type = 'like'"
    assert app.rows(told) == [(1,)]


def test_a_post_that_is_deleted_meanwhile_costs_its_own_rows(app: AppDatabase) -> None:
    feed = [VisiblePost("food-0", "x", 1.0), VisiblePost("gone", "x", 1.0)]
    acts = draw_tick(ME.id, feed, NOW_MS, np.random.default_rng(0), TickSettings(like=0, comment=0))
    assert len(acts) == 2
    assert storage.add_acts(app.engine, acts, {})["user_interaction"] == 1
    stranger = storage.NewPost("new", "nobody", "text")
    mine = storage.NewPost("mine", ME.id, "text")
    assert storage.add_posts(app.engine, [stranger, mine], NOW) == 1
    assert storage.add_posts(app.engine, [stranger, mine], NOW) == 0


@pytest.mark.parametrize(
    "text",
    ["Don't burn the toast, twice!", "dont burn the toast twice", "DON’T burn the 2 toast: twice"],
)
def test_a_text_is_known_by_its_words(app: AppDatabase, text: str) -> None:
    app.posts("writer-food", "toast", content="Don't burn the toast twice. 🍞")
    assert feeds.is_posted(app.engine, text)
    assert not feeds.is_posted(app.engine, f"{text} Please")
    assert not feeds.is_posted(app.engine, "")


def test_the_oldest_go_first_and_only_their_own(app: AppDatabase) -> None:
    for number in range(7):
        at = NOW + timedelta(minutes=number)
        storage.add_posts(app.engine, [storage.NewPost(f"n{number}", ME.id, f"t{number}")], at)
        feed = [VisiblePost(f"n{number}", "x", 1.0)]
        acts = draw_tick(
            USERS[1].id,
            feed,
            NOW_MS + 60_000 * number,
            np.random.default_rng(0),
            TickSettings(view=0, like=1, comment=0),
        )
        storage.add_acts(app.engine, acts, {})
    one = storage.remove_oldest(app.engine, 5, 3, batch=1, batches=1)
    assert one["post"] == 1
    storage.remove_oldest(app.engine, 5, 3, batch=2)
    assert app.rows("SELECT id FROM post WHERE user_id = %s ORDER BY id", ME.id) == [
        (f"n{number}",) for number in range(2, 7)
    ]
    assert app.rows("SELECT count(*) FROM user_interaction") == [(3,)]
    assert app.rows('SELECT count(*) FROM "like"') == [(3,)]
    assert app.rows("SELECT count(*) FROM post WHERE user_id LIKE 'writer-%%'") == [(10,)]
