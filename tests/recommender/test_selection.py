"""The compiled searches against numpy's plain sorting and multiplying."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

from threads_pipelines.recommender.kernels.best_posts import best_posts
from threads_pipelines.recommender.kernels.selection import keep_largest, largest
from threads_pipelines.recommender.knn.neighbours import nearest_rows
from threads_pipelines.recommender.sparse_rows import NO_VALUES, SparseRows


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 5000),
    most=st.integers(1, 300),
    kinds=st.sampled_from([1, 2, 30, 10**6]),
)
def test_the_largest_positive_values_are_found(seed: int, n: int, most: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.integers(-kinds // 3, kinds + 1, n) / 7).astype(np.float32)
    expected = np.sort(values[values > 0])[::-1][:most]
    value, place = np.zeros(most, np.float32), np.zeros(most, np.int32)
    first = np.argsort(-values, kind="stable")[: len(expected)]
    for order in (np.arange(n), rng.permutation(n)):
        posts = order.astype(np.int32)
        size = best_posts(values[order], posts, bool((np.diff(posts) > 0).all()), value, place)
        np.testing.assert_array_equal(value[:size], expected)
        np.testing.assert_array_equal(place[:size], first)
    assert keep_largest(values, value, place) == size
    assert largest(values) == max(values.max(), 0)


@pytest.mark.parametrize("columns", [40, 4000])  # the densely and the sparsely touched
@pytest.mark.parametrize("binary", [True, False])
def test_nearest_rows_are_the_largest_of_the_product(columns: int, binary: bool) -> None:
    rng = np.random.default_rng(5)
    a, b = (
        random_array(shape, density=density, format="csr", rng=rng, dtype=np.float32)
        for shape, density in (((30, 50), 0.1), ((50, columns), 0.02))
    )
    if binary:
        a.data[:] = b.data[:] = 1
    through, scale = (rng.random(n, np.float32) for n in (50, columns))
    product = (a.toarray() * through) @ b.toarray() * scale
    rows, own = np.arange(30), np.where(np.arange(30) % 2, np.arange(30), -1)
    product[rows[own >= 0], own[own >= 0]] = 0
    neighbour, similarity = np.zeros((30, 20), np.int32), np.zeros((30, 20), np.float32)
    found = np.zeros(30, np.int32)
    values = (NO_VALUES, NO_VALUES) if binary else (a.data, b.data)
    left, right = (
        SparseRows(m.indptr.astype(np.int64), m.indices.astype(np.int32), v)
        for m, v in zip((a, b), values, strict=True)
    )
    nearest_rows(rows, left, right, through, scale, own, neighbour, similarity, found)
    assert found.max() > 0
    for r in range(30):
        best = np.sort(product[r][product[r] > 0])[::-1][:20]
        assert found[r] == len(best)
        np.testing.assert_allclose(np.sort(similarity[r, : found[r]])[::-1], best, rtol=1e-5)
        at = neighbour[r, : found[r]]
        np.testing.assert_allclose(product[r, at], similarity[r, : found[r]], rtol=1e-5)
