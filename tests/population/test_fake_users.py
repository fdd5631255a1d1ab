import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threads_pipelines.dataset import identity
from threads_pipelines.simulation.fake_users import (
    INTERESTS,
    is_fake_user,
    make_fake_users,
)
from threads_pipelines.simulation.ticks import Act, TickSettings, VisiblePost, draw_tick, glance

NOW = 1_763_640_000_000


def test_fake_users_are_recognisable_and_always_the_same() -> None:
    users = make_fake_users(10)
    assert users == make_fake_users(12)[:10]
    assert [user.interest for user in users] == list(INTERESTS) * 2
    assert len({user.id for user in users} | {user.username for user in users}) == 20
    for user in users:
        assert re.fullmatch(r"[a-z]+_bot_[0-9a-f]{4}", user.username)
        assert user.bio == f"FAKE_USER: {user.interest.capitalize()} enthusiast"
        assert user.username.startswith(f"{user.interest}_bot_")
        assert is_fake_user(user.id, user.email, user.bio)


def test_a_real_person_with_such_a_bio_is_left_alone() -> None:
    fake = make_fake_users(1)[0]
    synthetic = identity.user_id("default", 0), identity.user_email("default", 0)
    assert not is_fake_user("5f0c", "ada@example.com", fake.bio)
    assert not is_fake_user("5f0c", fake.email, fake.bio)
    assert not is_fake_user(*synthetic, fake.bio)
    assert not is_fake_user(fake.id, fake.email, None)


def tick(feed: list[VisiblePost], seed: int = 0, **chosen: float) -> tuple[Act, ...]:
    settings = TickSettings.model_validate(chosen)
    return draw_tick("me", feed, NOW, np.random.default_rng(seed), settings)


def test_shares_of_actions() -> None:
    feed = [VisiblePost(f"p{i}", "other", 1.0) for i in range(5)]
    done: Counter[str] = Counter()
    for seed in range(1_500):
        acts = tick(feed, seed)
        assert len({act.post_id for act in acts}) == 5
        done.update(act.kind for act in acts)
    assert done["like"] / done["view"] == pytest.approx(0.3, abs=0.02)
    assert done["comment"] / done["view"] == pytest.approx(0.2, abs=0.02)
    assert done["click"] / done["like"] == pytest.approx(0.6, abs=0.04)
    assert done["share"] / done["like"] == pytest.approx(0.2, abs=0.04)


def test_eyes_rest_at_the_top_but_wander() -> None:
    rng, settings = np.random.default_rng(0), TickSettings()
    glances = [glance(50, rng, settings) for _ in range(2_000)]
    assert {len(places) for places in glances} == {3, 4, 5}
    assert all(places == sorted(set(places)) for places in glances)
    met = Counter(place for places in glances for place in places)
    assert set(met) == set(range(50))
    assert met[0] > 3 * met[49]
    assert glance(2, rng, settings) == [0, 1]
    assert glance(0, rng, settings) == []


def test_the_match_decides_whether_it_acts() -> None:
    assert tick([VisiblePost(f"p{i}", "other", 0.0) for i in range(5)]) == ()
    count = sum(len(tick([VisiblePost("p", "other", 0.3)], seed, like=0, comment=0))
                for seed in range(2_000))  # fmt: skip
    assert count / 2_000 == pytest.approx(0.3, abs=0.03)


@given(
    seed=st.integers(0, 2**32),
    posts=st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.booleans()), max_size=12),
)
def test_invariants(seed: int, posts: list[tuple[bool, float, bool]]) -> None:
    feed = [
        VisiblePost(f"p{i}", "me" if own else "other", match, liked)
        for i, (own, match, liked) in enumerate(posts)
    ]
    acts = tick(feed, seed)
    own = {post.id for post in feed if post.author_id == "me"}
    liked = {post.id for post in feed if post.liked}
    seen: set[str] = set()
    assert len({act.id for act in acts}) == len(acts)
    assert [act.at_ms for act in acts] == sorted(act.at_ms for act in acts)
    for act in acts:
        assert act.post_id not in own
        assert act.at_ms <= NOW
        assert act.kind == "view" or act.post_id in seen
        assert act.kind != "like" or act.post_id not in liked
        assert (act.metadata is None) == (act.kind == "comment")
        assert act.metadata is None or json.loads(act.metadata)["source"] == "feed"
        seen.add(act.post_id)
    assert acts == tick(feed, seed)
