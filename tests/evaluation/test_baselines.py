import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.build import snapshot
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.evaluation import baselines


def feeds(rows: ScoredRows) -> dict[int, list[int]]:
    return {int(u): rows.post[rows.user == u].tolist() for u in np.unique(rows.user)}


def test_popularity_counts_people_and_not_events() -> None:
    train = snapshot([(0, 0, 1), (0, 0, 2), (0, 0, 3), (1, 1, 1), (2, 1, 1)], 4, 3)
    rows = baselines.popularity(train, np.array([0, 3], np.int32), 2)
    assert feeds(rows) == {0: [1, 2], 3: [1, 0]}
    assert rows.rank.tolist() == [1, 2, 1, 2]
    assert rows.score.tolist() == [1.0, 0.5, 1.0, 0.5]


def test_recent_popularity_halves_each_half_life() -> None:
    hour = 3600
    events = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 12 * hour), (1, 1, 12 * hour)]
    train = snapshot(events, 4, 2, as_of=24 * hour)
    who = np.array([3], np.int32)
    assert feeds(baselines.recent_popularity(train, who, 2)) == {3: [1, 0]}  # 3/4 against 1
    assert feeds(baselines.recent_popularity(train, who, 2, half_life_hours=1e6)) == {3: [0, 1]}


def test_random_reaches_every_candidate() -> None:
    train = snapshot([(0, 0, 1)], 400, 5)
    rows = baselines.random(train, np.arange(1, 400, dtype=np.int32), 1, np.random.default_rng(0))
    assert np.bincount(rows.post, minlength=5).min() > 50


@given(st.data())
@pytest.mark.parametrize("cells", [1, 4_000_000])
def test_every_feed_keeps_the_rules(cells: int, data: st.DataObject) -> None:
    n_users, n_posts, top_k = 5, 6, data.draw(st.integers(1, 8))
    cell = st.tuples(st.integers(0, n_users - 1), st.integers(0, n_posts - 1), st.just(5))
    train = snapshot(
        data.draw(st.lists(cell, min_size=1, max_size=30)),
        n_users,
        n_posts,
        author=data.draw(st.lists(st.integers(-1, n_users - 1), min_size=6, max_size=6)),
        candidate=data.draw(st.lists(st.booleans(), min_size=6, max_size=6)),
    )
    users = np.array(sorted(data.draw(st.sets(st.integers(0, n_users - 1)))), np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "_CELLS", cells)
        made = [
            baselines.popularity(train, users, top_k),
            baselines.recent_popularity(train, users, top_k),
            baselines.random(train, users, top_k, np.random.default_rng(0)),
        ]
    seen = train.seen.toarray()
    for rows in made:
        lists = feeds(rows)
        for user in users.tolist():
            free = train.posts.candidate & ~seen[user] & (train.posts.author != user)
            feed = lists.get(user, [])
            assert len(feed) == len(set(feed)) == min(top_k, int(free.sum()))
            assert all(free[feed])
        assert set(lists) <= set(users.tolist())
