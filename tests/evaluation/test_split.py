import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.evaluation.build import snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation import splitters

DAY = 86_400


def pairs(matrix: csr_matrix) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in matrix.nonzero()), strict=True))


def test_the_future_does_not_reach_the_training_side() -> None:
    whole = snapshot(
        [
            (0, 0, 100),
            (0, 1, 200),  # after the cut: to be found
            (0, 0, 210),  # seen before: nothing to find
            (1, 2, 150),
            (1, 3, 200),  # a post of the future: unreachable
            (2, 0, 200),  # a cold user
            (0, 2, 999),  # after the test window
        ],
        n_users=3,
        n_posts=4,
        created_at=[10, 20, 30, 180],
        seen=[(2, 1)],  # a comment, a repost, or older than the window: stays
    )
    result = splitters.by_time(whole, cut=150, until=250)
    assert sorted(result.train.interactions.at.tolist()) == [100, 150]
    assert result.train.as_of == 150
    assert pairs(result.train.seen) == {(0, 0), (1, 2), (2, 1)}
    assert pairs(result.relevant) == {(0, 1), (2, 0)}
    assert result.known.tolist() == [True, True, False]
    assert result.untouched.tolist() == [False, True, False, False]
    assert result.train.posts.candidate.tolist() == [True, True, True, False]
    assert result.unreachable == 1
    assert result.test_users().tolist() == [0, 2]


def test_a_post_without_a_time_exists_from_its_first_event() -> None:
    whole = snapshot([(0, 0, 100), (1, 1, 200)], 2, 2)
    result = splitters.by_time(whole, 150, 250)
    assert result.train.posts.candidate.tolist() == [True, False]
    assert result.unreachable == 1
    assert result.relevant.nnz == 0


def test_own_posts_and_posts_that_are_no_candidates_are_nothing_to_find() -> None:
    whole = snapshot(
        [(0, 2, 1), (0, 0, 200), (0, 1, 200)],
        1,
        3,
        author=[0, -1, -1],
        created_at=[1, 1, 1],
        candidate=[True, False, True],
    )
    assert splitters.by_time(whole, 150, 250).relevant.nnz == 0


def test_likes_and_comments_are_those_of_the_cut() -> None:
    whole = snapshot(
        [(0, 0, 100, "like"), (1, 0, 200, "like"), (2, 0, 200, "view"), (2, 1, 100)],
        3,
        2,
        likes=[2, 5],
        comments=[3, 4],
    )
    posts = splitters.by_time(whole, 150, 250).train.posts
    assert posts.likes.tolist() == [1, 5]
    assert posts.comments.tolist() == [1, 4]  # a third of the events of post 0 came before


def test_nights_go_back_a_day_at_a_time_and_skip_empty_ones() -> None:
    whole = snapshot(
        [(0, 0, DAY), (0, 1, 2 * DAY + 5), (1, 0, 3 * DAY + 5), (1, 1, 5 * DAY)],
        2,
        2,
        as_of=5 * DAY + 1,
        created_at=[1, 1],
    )
    assert [s.cut for s in splitters.nights(whole, 10, last_cut=4 * DAY)] == [
        DAY,
        2 * DAY,
        3 * DAY,
        4 * DAY,
    ][1:]
    assert [s.cut for s in splitters.nights(whole, 1)] == [4 * DAY + 1]


@pytest.mark.parametrize(("cut", "until"), [(5, 250), (150, 160), (300, 400)])
def test_an_empty_side_is_an_error(cut: int, until: int) -> None:
    with pytest.raises(DataError, match="No events on one side"):
        splitters.by_time(snapshot([(0, 0, 100), (0, 1, 200)], 1, 2), cut, until)


def test_a_cut_at_the_beginning_of_time_is_a_cut() -> None:
    # Files have 0 where a time is not known; post 2 appears only after the cut.
    whole = snapshot([(0, 0, 0), (1, 1, 0), (0, 1, 50), (1, 2, 60)], 2, 3)
    result = splitters.by_time(whole, cut=0, until=60)
    assert (result.cut, result.until, result.train.as_of) == (0, 60, 0)
    assert result.train.posts.candidate.tolist() == [True, True, False]
    assert pairs(result.relevant) == {(0, 1)}
    assert result.unreachable == 1


def test_no_timestamps_no_split_by_time() -> None:
    with pytest.raises(DataError, match="random_pairs"):
        splitters.by_time(snapshot([(0, 0, 0)], 1, 1, timed=False), 1, 2)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40),
    st.integers(0, 5),
)
def test_random_pairs_keep_every_user_and_lose_no_pair(
    events: list[tuple[int, int]], seed: int
) -> None:
    whole = snapshot([(u, p, 0) for u, p in events], 6, 6, timed=False)
    try:
        result = splitters.random_pairs(whole, np.random.default_rng(seed))
    except DataError:
        assert_small(events)
        return
    train = {*zip(result.train.interactions.user, result.train.interactions.post, strict=True)}
    test = pairs(result.relevant)
    assert train | test == set(events)
    assert not train & test
    assert pairs(result.train.seen) == train
    assert {u for u, _ in train} == {u for u, _ in events}


def assert_small(events: list[tuple[int, int]]) -> None:
    """Nothing could be held out: few pairs, or each the only one of its user."""
    distinct = set(events)
    assert round(0.2 * len(distinct)) <= len({u for u, _ in distinct})
