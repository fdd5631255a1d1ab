"""Equality and near-duplication of texts."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SHINGLE_WORDS = 3
NEAR_DUPLICATE_JACCARD = 0.8

_NOT_LETTERS = re.compile(r"[\W\d_]+")


def normalise(text: str) -> str:
    """Reduce a text to its words: case folded, without digits, punctuation, emoji and extra spaces.

    Posts with the same result are the same post to a reader.

    Args:
        text: The text.

    Returns:
        The words, separated by single spaces.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_LETTERS.sub(" ", folded.replace("'", "").replace("’", "")).strip()


@dataclass(frozen=True, slots=True)
class NearDuplicateReport:
    """Duplicates within a set of texts.

    Attributes:
        texts: Number of texts.
        identical: Texts whose normalised form equals that of an earlier text.
        near: Texts that are near-duplicates of an earlier text, including identical ones.
        examples: Up to five pairs (earlier row, later row) of near-duplicates, closest first.
    """

    texts: int
    identical: int
    near: int
    examples: tuple[tuple[int, int], ...]

    @property
    def share(self) -> float:
        """Share of the texts that are near-duplicates of an earlier one, in [0, 1]."""
        return self.near / self.texts if self.texts else 0.0


def near_duplicates(
    texts: Sequence[str], threshold: float = NEAR_DUPLICATE_JACCARD
) -> NearDuplicateReport:
    """Find texts whose three-word shingles have a Jaccard similarity of at least ``threshold``.

    The result is exact. Two such sets share at least one of their ``floor((1 - threshold) * size) +
    1`` rarest shingles (prefix filtering, Chaudhuri, Ganti and Kaushik 2006), so only such pairs
    are compared.

    Args:
        texts: The texts.
        threshold: The Jaccard similarity, in (0, 1].

    Returns:
        Counts and examples.
    """
    words = [normalise(text).split() for text in texts]
    identical = len(words) - len({tuple(row) for row in words})
    shingles = _shingle_matrix(words)
    sizes = np.diff(shingles.indptr)
    prefixes = _rarest(shingles, np.floor((1 - threshold) * sizes + 1e-9).astype(int) + 1)
    candidates = (prefixes @ prefixes.T).tocoo()
    earlier = candidates.row < candidates.col
    first, second = candidates.row[earlier], candidates.col[earlier]
    shared = np.zeros(len(first))
    for start in range(0, len(first), 100_000):
        block = slice(start, start + 100_000)
        product = shingles[first[block]].multiply(shingles[second[block]])
        shared[block] = np.asarray(product.sum(axis=1)).ravel()
    jaccard = shared / (sizes[first] + sizes[second] - shared)
    near = np.flatnonzero(jaccard >= threshold - 1e-9)
    closest = near[np.lexsort((second[near], first[near], -jaccard[near]))][:5]
    return NearDuplicateReport(
        texts=len(texts),
        identical=identical,
        near=len(np.unique(second[near])),
        examples=tuple((int(first[pair]), int(second[pair])) for pair in closest),
    )


def _shingle_matrix(words: Sequence[Sequence[str]]) -> "csr_matrix":
    """Make a matrix with one row per text and one column per shingle, rarest shingle first."""
    from scipy.sparse import csr_matrix

    column: dict[tuple[str, ...], int] = {}
    indices: list[int] = []
    indptr = [0]
    for row in words:
        last = max(len(row) - SHINGLE_WORDS + 1, 1)
        seen = {tuple(row[at : at + SHINGLE_WORDS]) for at in range(last)}
        indices += [column.setdefault(shingle, len(column)) for shingle in seen]
        indptr.append(len(indices))
    frequency = np.bincount(indices, minlength=len(column))
    rank = np.empty(len(column), dtype=np.int64)
    # ties in the order of first sight would follow the hashing of a set; any total order will do
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(column))
    matrix = csr_matrix(
        (np.ones(len(indices), np.float32), rank[np.asarray(indices, dtype=np.int64)], indptr),
        shape=(len(words), max(len(column), 1)),
    )
    matrix.sort_indices()
    return matrix


def _rarest(matrix: "csr_matrix", count: np.ndarray) -> "csr_matrix":
    """Keep the first ``count`` entries of each row, which are its rarest shingles."""
    from scipy.sparse import csr_matrix

    sizes = np.diff(matrix.indptr)
    position = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], sizes)
    keep = position < np.repeat(count, sizes)
    indptr = np.concatenate(([0], np.cumsum(np.minimum(count, sizes))))
    return csr_matrix((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)
