import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score

from tests.evaluation.build import snapshot
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.evaluation import bootstrap, metrics


def rows(feeds: dict[int, list[int]]) -> ScoredRows:
    user = [u for u, feed in feeds.items() for _ in feed]
    rank = [r for feed in feeds.values() for r in range(1, len(feed) + 1)]
    n = len(user)
    return ScoredRows(
        np.array(user, np.int32),
        np.array([p for feed in feeds.values() for p in feed], np.int32),
        1.0 / np.array(rank),
        np.array(rank, np.int16),
        np.zeros(n, np.int8),
        np.zeros(n, np.int32),
    )


def relevant(pairs: list[tuple[int, int]], shape: tuple[int, int]) -> csr_matrix:
    matrix = np.zeros(shape, bool)
    for user, post in pairs:
        matrix[user, post] = True
    return csr_matrix(matrix)


def test_known_answers() -> None:
    asked = relevant([(0, 3), (0, 9), (1, 2), (2, 4)], (4, 10))
    users = np.array([0, 1, 2], np.int32)
    feeds = rows({0: [1, 3, 5, 7, 8, 9], 1: [2], 3: [4]})  # user 2 has no list
    result = metrics.per_user(feeds, asked, users)
    assert result["precision@5"].tolist() == [1 / 5, 1 / 5, 0]
    assert result["recall@5"].tolist() == [1 / 2, 1, 0]
    assert result["recall@10"].tolist() == [1, 1, 0]
    assert result["hit_rate@5"].tolist() == [1, 1, 0]
    assert result["mrr"].tolist() == [1 / 2, 1, 0]
    ideal = 1 + 1 / np.log2(3)
    assert result["ndcg@5"] == pytest.approx([1 / np.log2(3) / ideal, 1, 0])
    assert result["ndcg@10"] == pytest.approx([(1 / np.log2(3) + 1 / np.log2(7)) / ideal, 1, 0])


def test_ndcg_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    n_users, n_posts = 60, 40
    truth = rng.random((n_users, n_posts)) < 0.2
    truth[:, 0] |= ~truth.any(axis=1)
    scores = rng.random((n_users, n_posts))
    feeds = rows({u: np.argsort(-scores[u]).tolist() for u in range(n_users)})
    ours = metrics.per_user(feeds, csr_matrix(truth), np.arange(n_users, dtype=np.int32))
    for k in metrics.CUTOFFS:
        theirs = [ndcg_score(truth[u : u + 1], scores[u : u + 1], k=k) for u in range(n_users)]
        assert ours[f"ndcg@{k}"] == pytest.approx(theirs)


def test_beyond_accuracy() -> None:
    train = snapshot(
        [(0, 0, 1), (0, 0, 2), (1, 0, 1), (2, 1, 1)], 3, 3, candidate=[True, True, True]
    )
    feeds = rows({0: [1, 2], 1: [1]})
    users = np.array([0, 1, 2], np.int32)
    recent = np.array([False, False, True])
    result = metrics.beyond_accuracy(feeds, metrics.self_information(train), recent, users)
    assert metrics.self_information(train) == pytest.approx(-np.log2([3 / 4, 2 / 4, 1 / 4]))
    assert result["novelty@10"][:2] == pytest.approx([1.5, 1.0])
    assert result["fresh_share@10"][:2] == pytest.approx([0.5, 0.0])
    assert np.isnan(result["novelty@10"][2])
    assert metrics.coverage(feeds, train, users) == pytest.approx(2 / 3)
    assert metrics.coverage(feeds, train, np.array([1], np.int32)) == pytest.approx(1 / 3)


def test_the_history_is_as_informative_as_its_posts() -> None:
    # Post 0 is known to two of three users, post 1 to one; user 1 did post 0 and post 1.
    train = snapshot([(0, 0, 1), (0, 0, 2), (1, 0, 1), (1, 1, 1), (2, 2, 1)], 4, 3)
    information = metrics.self_information(train)
    found = metrics.history_information(train, information)
    assert found[:3] == pytest.approx([information[0], information[:2].mean(), information[2]])
    assert np.isnan(found[3]), "no history"


def test_the_interval_is_that_of_the_normal_approximation_for_many_users() -> None:
    values = np.random.default_rng(2).random(5000)
    result = bootstrap.estimate({"x": values}, np.random.default_rng(3))["x"]
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert result.mean == pytest.approx(values.mean())
    assert result.low == pytest.approx(values.mean() - half, abs=half * 0.15)
    assert result.high == pytest.approx(values.mean() + half, abs=half * 0.15)
    assert result == bootstrap.estimate({"x": values}, np.random.default_rng(3))["x"]


def test_missing_values_are_left_out_of_their_own_mean() -> None:
    result = bootstrap.estimate(
        {"x": np.array([1.0, np.nan, 3.0]), "y": np.full(3, np.nan)}, np.random.default_rng(0)
    )
    assert (result["x"].mean, result["x"].users) == (2.0, 2)
    assert 1 <= result["x"].low <= result["x"].high <= 3
    assert result["y"].users == 0
    assert bootstrap.estimate({"x": np.zeros(0)}, np.random.default_rng(0))["x"].users == 0


def test_chunks_of_the_bootstrap_cover_all_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_CHUNK", 25)
    chunks = list(bootstrap.resamples(10, 7, np.random.default_rng(0)))
    assert [start for start, _ in chunks] == [0, 2, 4, 6]
    assert all((weights.sum(axis=1) == 10).all() for _, weights in chunks)
