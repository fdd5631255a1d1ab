import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.population.conftest import ARCHETYPES, NOW, make
from threads_pipelines.dataset import identity
from threads_pipelines.errors import DataError
from threads_pipelines.population import tables
from threads_pipelines.population.behaviour.funnel import KINDS
from threads_pipelines.population.generate import Population, generate
from threads_pipelines.population.settings import PopulationSettings

VIEW, CLICK, LIKE, SHARE = range(4)


def keys(user: np.ndarray, post: np.ndarray) -> np.ndarray:
    pair: np.ndarray = user.astype(np.int64) << 32 | post
    return pair


def check(made: Population) -> None:
    """Everything that holds for any population."""
    rows, posts, people = made.interactions, made.posts, made.people
    for user, post, at in (
        (rows.user, rows.post, rows.at),
        (made.likes.user, made.likes.post, made.likes.at),
        (made.comments.user, made.comments.post, made.comments.at),
    ):
        assert (at >= made.people_at[user]).all()
        assert (at >= posts.at[post]).all()
        assert (at <= made.now_ms).all()
        assert (posts.author[post] != user).all()
    assert (posts.at >= made.people_at[posts.author]).all()
    assert (posts.at <= made.now_ms).all()
    repost = posts.original >= 0
    assert (posts.at[repost] > posts.at[posts.original[repost]]).all()
    assert (posts.original[posts.original[repost]] == -1).all()
    assert (posts.content[repost] == posts.content[posts.original[repost]]).all()
    assert (np.diff(rows.at) >= 0).all()

    follows = made.follows
    assert (follows.follower != follows.following).all()
    assert (follows.at >= made.people_at[follows.follower]).all()
    assert (follows.at >= made.people_at[follows.following]).all()
    assert (follows.at <= made.now_ms).all()
    assert len(np.unique(keys(follows.follower, follows.following))) == len(follows)

    like = keys(made.likes.user, made.likes.post)
    assert len(np.unique(like)) == len(like)
    logged = {kind: keys(rows.user, rows.post)[rows.kind == kind] for kind in range(len(KINDS))}
    assert np.isin(like, logged[LIKE]).all()
    for later, earlier in ((CLICK, VIEW), (LIKE, CLICK), (SHARE, LIKE)):
        assert len(np.unique(logged[later])) == len(logged[later])
        assert np.isin(logged[later], logged[earlier]).all()

    ids = people.id.astype(str)
    assert all(map(identity.is_synthetic, ids, people.email))
    assert len(set(people.username)) == len(people)
    assert all(name.strip() for name in people.name)


def test_default_sizes_are_reached(population: Population) -> None:
    assert len(population.people) >= 250
    assert len(population.posts) >= 500
    assert len(population.interactions) == PopulationSettings().interactions >= 10_000
    check(population)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    users=st.integers(1, 60),
    posts=st.integers(1, 60),
    interactions=st.integers(0, 1_500),
    window_days=st.floats(0.2, 60),
)
def test_invariants(
    seed: int, users: int, posts: int, interactions: int, window_days: float
) -> None:
    chosen = PopulationSettings(
        seed=seed, users=users, interactions=interactions, window_days=window_days
    )
    check(make(chosen, posts))


def test_same_arguments_same_rows() -> None:
    chosen = PopulationSettings(seed=7, users=80, interactions=3_000)
    np.random.seed(1)
    first = make(chosen)
    np.random.seed(2)
    second = make(chosen)
    for part in ("people", "posts", "follows", "interactions", "likes", "comments"):
        one, two = getattr(first, part), getattr(second, part)
        for column in dataclasses.fields(one):
            assert np.array_equal(getattr(one, column.name), getattr(two, column.name)), part


def test_another_seed_gives_other_rows_but_the_same_ids() -> None:
    first = make(PopulationSettings(seed=1, users=80, interactions=3_000))
    second = make(PopulationSettings(seed=2, users=80, interactions=3_000))
    assert (first.people.id == second.people.id).all()
    assert not np.array_equal(first.interactions.at, second.interactions.at)


def test_more_interactions_leave_accounts_and_authors_alone() -> None:
    small = make(PopulationSettings(users=80, interactions=2_000))
    large = make(PopulationSettings(users=80, interactions=4_000))
    assert (small.people.name == large.people.name).all()
    assert (small.people.interest == large.people.interest).all()
    assert (small.posts.author[:200] == large.posts.author[:200]).all()


def test_people_keep_to_what_they_like(population: Population) -> None:
    rows, topic = population.interactions, population.posts.topic
    met = population.people.interest[rows.user, topic[rows.post]].mean()
    base = population.people.interest[:, topic[:500]].mean()
    assert met > 2 * base


def test_the_test_accounts_keep_to_travel_and_sports() -> None:
    made = make(PopulationSettings(seed=5, users=200, interactions=12_000), posts=500)
    liked = [made.topics.index(topic) for topic in ("travel", "sports")]
    topic = made.posts.topic[made.interactions.post]
    for email in identity.TEST_ACCOUNTS:
        user = int(np.flatnonzero(made.people.email == email)[0])
        assert np.isin(topic[made.interactions.user == user], liked).mean() > 0.75


def test_columns_refer_to_rows_that_exist(population: Population) -> None:
    user, post = tables.table(population, "user"), tables.table(population, "post")
    for name in ("follow", "like", "comment"):
        columns = tables.table(population, name)
        assert len(np.unique(columns["id"])) == len(columns["id"]) > 0
        for field, ids in (("user_id", user), ("follower_id", user), ("following_id", user)):
            assert np.isin(columns.get(field, user["id"]), ids["id"]).all()
        assert np.isin(columns.get("post_id", post["id"]), post["id"]).all()
    batches = list(tables.interaction_batches(population, 11_000))
    assert [len(batch["id"]) for batch in batches] == [11_000, 11_000, 8_000]
    assert len(np.unique(np.concatenate([batch["id"] for batch in batches]))) == 30_000


@pytest.mark.parametrize(("texts", "topics"), [([], []), (["one"], [])])
def test_nothing_to_start_from(texts: list[str], topics: list[str]) -> None:
    with pytest.raises(DataError, match="texts"):
        generate(PopulationSettings(), "test", ARCHETYPES, texts, topics, NOW)
