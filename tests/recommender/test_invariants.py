"""What holds for every feed, whatever the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommender.worlds import random_world, world
from threads_pipelines.dataset.scored_rows import REASONS, ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import Model, recommend_chunks
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings

FEED = RecommenderSettings().changed(
    {
        "similar_people.vote_half_life_hours": 6,
        "blend.profile_half_life_hours": 48,
        "popularity.half_life_hours": 12,
        "popularity.exponent": 0.3,
        "feed.author_cap": 2,
    }
)
KINDS = {"default": RecommenderSettings(), "feed": FEED, "seed": SEED_FORMULA["seed_formula"]}


def check(snapshot: Snapshot, rows: ScoredRows, top_k: int) -> None:
    n_users, n_posts = snapshot.seen.shape
    allowed = ~snapshot.seen.toarray() & snapshot.posts.candidate
    allowed &= snapshot.posts.author[None, :] != np.arange(n_users)[:, None]
    assert allowed[rows.user, rows.post].all()
    keys = rows.user.astype(np.int64) * n_posts + rows.post
    assert len(np.unique(keys)) == len(keys)
    counts = np.bincount(rows.user, minlength=n_users)
    np.testing.assert_array_equal(counts, np.minimum(allowed.sum(1), top_k))
    assert np.isfinite(rows.score).all()
    assert ((rows.score > 0) & (rows.score <= 1)).all()
    same_user = np.diff(rows.user) == 0
    assert (np.diff(rows.user) >= 0).all()
    assert (np.diff(rows.score)[same_user] < 0).all()
    assert (np.diff(rows.rank)[same_user] == 1).all()
    assert ((rows.reason >= 0) & (rows.reason < len(REASONS))).all()
    explained = np.isin(rows.reason, [REASONS.index("similar_post"), REASONS.index("fresh_topic")])
    assert snapshot.seen.toarray()[rows.user[explained], rows.evidence[explained]].all()
    assert (rows.evidence[rows.reason == REASONS.index("similar_people")] > 0).all()


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    n_users=st.integers(1, 25),
    n_posts=st.integers(1, 40),
    n_events=st.integers(0, 200),
    top_k=st.integers(1, 50),
    timed=st.booleans(),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_invariants(
    seed: int, n_users: int, n_posts: int, n_events: int, top_k: int, timed: bool, kind: str
) -> None:
    snapshot = random_world(seed, n_users, n_posts, n_events, timed=timed)
    check(snapshot, fit(snapshot, KINDS[kind]).recommend(slice(None), top_k), top_k)


def equal(a: ScoredRows, b: ScoredRows) -> bool:
    names = ScoredRows.__dataclass_fields__
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def test_rows_do_not_depend_on_chunks_or_company() -> None:
    snapshot = random_world(5, 300, 80, 2500)
    model = fit(snapshot, FEED)
    whole = model.recommend(slice(None), 20)
    for chunk in (1, 7, 128):
        assert equal(whole, ScoredRows.concatenate(list(recommend_chunks(model, 20, chunk))))
    assert equal(whole, fit(snapshot, FEED).recommend(slice(None), 20))


def test_a_saved_model_gives_the_same_rows() -> None:
    snapshot = random_world(6, 50, 40, 400)
    model = fit(snapshot, FEED)
    arrays = {name: array.copy() for name, array in model.to_arrays().items()}
    assert not any(a.dtype == object for name, a in arrays.items() if not name.endswith("_ids"))
    again = Model.from_arrays(
        arrays, RecommenderSettings.model_validate_json(FEED.model_dump_json())
    )
    assert equal(model.recommend(slice(None), 10), again.recommend(slice(None), 10))


def test_a_sampled_pool_and_capped_histories_keep_the_rules() -> None:
    snapshot = random_world(7, 5000, 60, 30_000)
    tight = FEED.changed(
        {
            "events.exact_reads": 1.0,
            "similar_people.reads_per_pair": 0.01,
            "events.history_cap": 2,
            "similar_people.vote_cap": 2,
        }
    )
    model = fit(snapshot, tight, seed=3)
    assert len(model.people.user) == 4000
    check(snapshot, model.recommend(slice(None), 5), 5)


def test_two_communities_never_see_each_others_posts() -> None:
    rng = np.random.default_rng(0)
    events = [(int(u), int(p) + 10 * (u >= 20)) for u in range(40) for p in rng.permutation(10)[:6]]
    rows = fit(world(events, 40, 20), RecommenderSettings()).recommend(slice(None), 4)
    np.testing.assert_array_equal(rows.user >= 20, rows.post >= 10)


def test_a_checkerboard_is_continued() -> None:
    # Even users know even posts and odd users odd posts, each but one: that one comes first.
    n = 10
    events = [(u, p) for u in range(n) for p in range(n) if (u + p) % 2 == 0 and u != p]
    for share in (0.0, 1.0):
        rows = fit(
            world(events, n, n), RecommenderSettings().changed({"blend.people_share": share})
        ).recommend(slice(None), 1)
        assert rows.post.tolist() == list(range(n))


@pytest.mark.parametrize(
    ("events", "n_users", "n_posts"),
    [
        ([], 3, 4),
        ([], 0, 0),
        ([], 2, 0),
        ([], 0, 2),
        ([(0, 0)], 1, 1),
        ([(0, 0)], 1, 3),
        ([(0, 0)] * 50, 2, 2),
        ([(u, p) for u in range(3) for p in range(3)], 3, 3),
    ],
)
@pytest.mark.parametrize("timed", [True, False])
def test_edges(events: list[tuple[int, int]], n_users: int, n_posts: int, timed: bool) -> None:
    snapshot = world(events, n_users, n_posts, timed=timed)
    for chosen in (
        *KINDS.values(),
        RecommenderSettings().changed({"similar_posts.model": "linear"}),
    ):
        check(snapshot, fit(snapshot, chosen).recommend(slice(None), 5), 5)


def test_somebody_who_was_away_for_years_still_has_a_profile() -> None:
    hours = RecommenderSettings().changed(
        {
            "blend.profile_half_life_hours": 1,
            "similar_people.vote_half_life_hours": 1,
            "popularity.half_life_hours": 1,
        }
    )
    year = 24 * 365
    long_ago = [(u, p, 3, 5 * year + u) for u in range(4) for p in range(3) if (u, p) != (0, 2)]
    lately = [(u, p, 3, u) for u in range(4, 8) for p in range(3, 6) if (u, p) != (4, 5)]
    rows = fit(world([*long_ago, *lately], 8, 6), hours).recommend(slice(None), 6)
    assert np.isfinite(rows.score).all()
    assert rows.post[(rows.user == 0) & (rows.rank == 1)].tolist() == [2]


@pytest.mark.parametrize("hours", [100, 125, 130, 135, 140, 145, 150, 200])
def test_votes_that_have_faded_count_for_nothing(hours: int) -> None:
    settings = RecommenderSettings().changed(
        {"blend.people_share": 1, "similar_people.vote_half_life_hours": 1}
    )
    events = [(0, 0, 3, 1), (1, 0, 3, hours), (1, 1, 3, hours), (1, 2, 3, hours + 1), (2, 3, 3, 1)]
    rows = fit(world(events, 3, 4), settings).recommend(slice(None), 4)
    assert np.isfinite(rows.score).all()
    assert sorted(rows.post[rows.user == 0].tolist()) == [1, 2, 3]
