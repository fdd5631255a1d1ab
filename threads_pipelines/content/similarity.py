"""Finds the theme of a text by TF-IDF similarity to each theme's vocabulary."""

import math
from collections import Counter
from collections.abc import Mapping
from functools import cache

from threads_pipelines.content.guards.judging import content_words
from threads_pipelines.content.vocabulary import THEMES, theme

MIN_SIMILARITY = 0.06
"""A text less similar to every theme is about none of them."""

_KEYWORD_WEIGHT = 20  # a theme's keywords are named once but stand for the whole of it


def theme_similarity(text: str) -> dict[str, float]:
    """Compute the TF-IDF cosine of a text and the vocabulary of each theme.

    Args:
        text: The text.

    Returns:
        The cosine, in [0, 1], by theme.
    """
    weights = _weights(Counter(map(_stem, content_words(text))))
    return {name: _cosine(weights, vector) for name, vector in _themes().items()}


def theme_of(text: str) -> str | None:
    """Find the theme of a text.

    Args:
        text: The text.

    Returns:
        The most similar theme; None if no theme is similar enough.
    """
    found = theme_similarity(text)
    best = max(found, key=lambda name: found[name])
    return best if found[best] >= MIN_SIMILARITY else None


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


@cache
def _counts() -> dict[str, Counter[str]]:
    counts = {}
    for name in THEMES:
        words = theme(name)
        slots = [slot for subject in words.subjects.values() for slot in subject.values()]
        texts = [fragment.texts() for fragments in slots for fragment in fragments]
        counts[name] = Counter(map(_stem, content_words(" ".join(texts))))
        for keyword in words.keywords:
            for word in content_words(keyword):
                counts[name][_stem(word)] += _KEYWORD_WEIGHT
    return counts


@cache
def _inverse_frequency() -> dict[str, float]:
    """Compute ln(themes / themes with the word), which is 0 for a word of every theme."""
    documents = Counter(word for counts in _counts().values() for word in counts)
    return {word: math.log(len(THEMES) / found) for word, found in documents.items()}


@cache
def _themes() -> dict[str, dict[str, float]]:
    return {name: _weights(counts) for name, counts in _counts().items()}


def _weights(counts: Mapping[str, int]) -> dict[str, float]:
    rarity = _inverse_frequency()
    return {
        word: (1 + math.log(times)) * rarity[word]
        for word, times in counts.items()
        if rarity.get(word)
    }


def _cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    product = sum(weight * b.get(word, 0.0) for word, weight in a.items())
    lengths = math.sqrt(sum(w * w for w in a.values()) * sum(w * w for w in b.values()))
    return min(product / lengths, 1.0) if lengths else 0.0
