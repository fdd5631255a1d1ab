"""What fake users make of their feeds: nothing twice, and what they passed over is remembered."""

from datetime import timedelta

import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner

from tests.defs.conftest import NOW, World
from tests.simulation.conftest import fill, run, said
from tests.storage.app_database import AppDatabase
from threads_pipelines.cli.main import cli
from threads_pipelines.content.contract import INTERESTS
from threads_pipelines.content.persona import Persona
from threads_pipelines.content.text import normalise
from threads_pipelines.simulation.database import add_fake_users
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.simulation.passed import KEY, Passed, read_passed, write_passed
from threads_pipelines.simulation.tick import act_on_feeds, rates
from threads_pipelines.simulation.ticks import TickSettings
from threads_pipelines.simulation.writing import write_posts
from threads_pipelines.storage.s3.objects import ObjectStore

USERS = make_fake_users(5)
SETTINGS = TickSettings(fewest_posts=5, most_posts=5)


@pytest.fixture
def app(own_database: AppDatabase) -> AppDatabase:
    fill(own_database, 4, NOW - timedelta(hours=1))
    add_fake_users(own_database.engine, USERS, ["Name"] * 5, NOW)
    return own_database


def test_no_post_is_looked_at_twice(app: AppDatabase) -> None:
    cook = USERS[4]
    app.rows("UPDATE \"user\" SET experiment_group = 'treatment'")
    served = ["food-0", "cars-1", "food-2", "tech-3"]
    app.insert(
        "user_recommendation",
        *(
            {
                "id": post,
                "user_id": cook.id,
                "post_id": post,
                "score": 1 / (place + 1),
                "expires_at": NOW + timedelta(days=1),
            }
            for place, post in enumerate(served)
        ),
    )
    passed: Passed = {}
    looks = []
    for minute in range(6):
        rng = np.random.default_rng(minute)
        at = NOW + timedelta(minutes=minute)
        found, _ = act_on_feeds(app.engine, [cook], at, rng, Persona(None, rng), SETTINGS, passed)
        looks.append(found)
    assert sorted(look.post_id for look in looks[0]) == sorted(served)
    assert all(look.recommended for look in looks[0])
    later = [look for found in looks[1:] for look in found]
    assert not any(look.recommended for look in later), "then recent posts"
    seen = [look.post_id for found in looks for look in found]
    assert len(seen) == len(set(seen)) == 20
    assert looks[-1] == []
    acted = {look.post_id for found in looks for look in found if look.acts}
    assert acted == {f"food-{number}" for number in range(4)}
    assert passed[cook.id] == set(seen) - acted
    counted = rates(looks[0])
    assert (counted["recommended"]["looked_at"], counted["recommended"]["acted_on"]) == (4, 2)
    assert counted["chance"] == {"looked_at": 0, "acted_on": 0, "liked": 0}


def test_posts_are_new_and_their_authors_differ(app: AppDatabase) -> None:
    for minute in range(4):
        at, rng = NOW + timedelta(minutes=minute), np.random.default_rng(0)
        written, faults = write_posts(app.engine, USERS, 3, at, rng, None, calls=6)
        assert not faults
        assert len({one.author.id for one in written}) == 3
    texts = [text for (text,) in app.rows("SELECT content FROM post")]
    assert len(set(map(normalise, texts))) == len(texts) == 5 * 4 + 12
    assert app.rows("SELECT count(*) FROM post WHERE media_urls = '{}'") == [(12,)]
    assert write_posts(app.engine, [], 3, NOW, np.random.default_rng(0), None, calls=6) == ([], [])


def test_what_was_passed_over_is_kept_on_s3(world: World) -> None:
    store: ObjectStore = world.store
    assert read_passed(store) == {}
    write_passed(store, {"me": {"b", "a"}})
    assert read_passed(store) == {"me": {"a", "b"}}
    for damaged in (b"{", b"[]", b'{"me": 1}'):
        store.put(KEY, damaged)
        assert read_passed(store) == {}


def test_the_commands_keep_it_small_and_remove_it(living: World) -> None:
    living.run("manual_simulation")
    for minute in range(3):
        run(living, "continuous_simulation", NOW + timedelta(minutes=minute), fewest_posts=3)
    names = living.query("SELECT display_name FROM \"user\" WHERE bio LIKE 'FAKE_USER%%'")
    assert len(names) == 10
    assert set(INTERESTS) == {
        name.split("_")[0]
        for (name,) in living.query("SELECT username FROM \"user\" WHERE bio LIKE 'FAKE_USER%%'")
    }
    done = CliRunner().invoke(
        cli, ["fake-users", "cap", "--posts", "2", "--rows", "3"], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "post, " in done.output
    fakes = "user_id IN (SELECT id FROM \"user\" WHERE bio LIKE 'FAKE_USER%%')"
    assert living.query(f"SELECT count(*) FROM post WHERE {fakes}") == [(2,)]
    assert living.query(f"SELECT count(*) FROM user_interaction WHERE {fakes}") <= [(3,)]
    done = CliRunner().invoke(cli, ["fake-users", "remove", "--yes"], catch_exceptions=False)
    assert done.output.splitlines()[-1].startswith("0 user_recommendation")
    assert "10 user removed" in done.output
    assert said(living) == []
    assert not living.store.exists(KEY)
    assert living.query('SELECT count(*) FROM "user"') == [(5,)]


def test_the_fake_users_run_key_is_theirs_alone(world: World) -> None:
    config = {"synthetic": {"config": {"run_key": "fake-users", "users": 10, "posts": 10}}}
    with pytest.raises(dg.Failure, match="belongs to the living app"):
        world.run("generate_synthetic_data", resources=config)
