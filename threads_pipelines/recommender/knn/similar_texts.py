"""Similarity of posts by text: the cosine of TF-IDF vectors."""

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import SimilarTextSettings
from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.knn.neighbours import nearest_rows
from threads_pipelines.recommender.pairs import Pairs
from threads_pipelines.recommender.sparse_rows import SparseRows, from_padded, no_rows

_VOCABULARY = 50_000
_WORD = r"(?u)\b\w+\b"


def similar_texts(snapshot: Snapshot, pairs: Pairs, settings: SimilarTextSettings) -> SparseRows:
    """Find for each post with interactions the candidates with the most similar text.

    By default only candidates without interactions are compared, because people lead to the others.

    Args:
        snapshot: The texts, and which posts may be recommended.
        pairs: All user-post pairs.
        settings: Number of neighbours, and whether all candidates are compared.

    Returns:
        For each post, similar candidates and their cosine, in (0, 1].
    """
    from scipy.sparse import csr_matrix

    n_posts = len(snapshot.posts.ids)
    acted_on = pairs.post_degree > 0
    target = snapshot.posts.candidate.copy()
    if not settings.for_all:
        target &= ~acted_on
    texts = [str(text) for text in snapshot.posts.content]
    if not target.any() or not any(t.strip() for t in texts):
        return no_rows(n_posts)
    # Here, because it takes seconds to import and only snapshots with texts need it.
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        sublinear_tf=True, max_features=_VOCABULARY, max_df=0.2 if n_posts > 50 else 1.0,
        dtype=np.float32, token_pattern=_WORD,
    )  # fmt: skip
    try:
        vectors = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's word for: no text has a word left to compare
        return no_rows(n_posts)
    by_word = csr_matrix(vectors[np.flatnonzero(target)].T)
    by_word.indices = np.flatnonzero(target).astype(np.int32)[by_word.indices]

    rows = np.flatnonzero(acted_on)
    most = min(settings.neighbours, n_posts)
    post = np.empty((n_posts, most), np.int32)
    value = np.zeros((n_posts, most), np.float32)
    found = np.zeros(n_posts, np.int32)
    scale, words = np.ones(n_posts, np.float32), np.ones(vectors.shape[1], np.float32)

    def search(low: int, high: int) -> None:
        block = rows[low:high]
        near = np.empty((len(block), most), np.int32)
        alike = np.zeros((len(block), most), np.float32)
        count = np.zeros(len(block), np.int32)
        nearest_rows(
            block,
            SparseRows(vectors.indptr.astype(np.int64), vectors.indices, vectors.data),
            SparseRows(by_word.indptr.astype(np.int64), by_word.indices, by_word.data),
            words, scale, np.full(len(block), -1),
            near, alike, count,
        )  # fmt: skip
        post[block], value[block], found[block] = near, alike, count

    in_blocks(search, len(rows), 64)
    return from_padded(post, value, found)
