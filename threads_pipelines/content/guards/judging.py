"""Judges whether a text of the model may be published, as one pure function.

The measures and limits are those that separated usable from unusable texts of a small base model.
Signs are allowed by a list instead of forbidden (see ``signs``). The patterns of words also stop a
model that follows instructions in what it read.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

from threads_pipelines.content.guards.refusals import FORBIDDEN, Refusal
from threads_pipelines.content.guards.signs import (
    has_control,
    holds_address,
    holds_markup,
    mixes_scripts,
    normalised,
    scripts,
    skeleton,
)
from threads_pipelines.content.text import normalise
from threads_pipelines.content.vocabulary import SENTENCE_END

MAX_MODEL_CHARACTERS = 300
MAX_SENTENCE_WORDS = 18
"""Of a sentence that a base model ends: read by hand, most longer ones lose their way."""

_MIN_CLAUSE_WORDS = 6
# Where a sentence could have ended; what follows is where a small model starts to wander.
_CLAUSE_END = re.compile(r"\s*(?:;|\s[–—-]\s|—|,(?=\s(?:and|but|so|which|because|then|who|as)\b))")
_OPEN_CLAUSE = re.compile(r"\b(?:if|when|although|since|as|whether|because|how|where)\b", re.I)
_OWN_CLOSING = "\"'”’)"
_MIN_WORDS_FOR_LANGUAGE = 5


_COMMON_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the a an and or but of to in on at with for from by is was are were be been it its this "
        "that my me i we you he she they our your his her their so not no as had has have do did "
        "over after into some more very only also still much many most "
        "will would when what who how all one just up out if about there then than can could",
    )
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a text is compared with.

    Attributes:
        seed: The text that it varies; its numbers and script are allowed.
        known_words: Normalised words of the topic and of the seed.
        min_known: Least share of the text's content words that must be known, in [0, 1].
        max_similarity: Similarity to the seed from which a text is a copy, in [0, 1].
        max_characters: Most characters of the model's own text.
    """

    seed: str
    known_words: AbstractSet[str] = field(repr=False)
    min_known: float = 0.25
    max_similarity: float = 0.97
    max_characters: int = MAX_MODEL_CHARACTERS


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cleaned text, or the reason for a refusal."""

    text: str | None
    refusal: Refusal | None


def judge(raw: str, expected: Expectation, *, one_sentence: bool) -> Verdict:
    """Clean a text of the model, or refuse it. This function never raises.

    Args:
        raw: What the model wrote.
        expected: What the text is compared with.
        one_sentence: Cut the text to its first sentence, or to its first clause that can stand
            alone. Otherwise only what follows the last whole sentence is dropped.

    Returns:
        The text or the reason for the refusal.
    """
    text = " ".join(raw.strip().split("\n")) if one_sentence else " ".join(raw.split())
    if not normalise(text):
        return Verdict(None, Refusal.EMPTY)
    if has_control(text):
        return Verdict(None, Refusal.CONTROL)
    text = " ".join(text.split())
    refusal = _hostile(text, expected)
    if refusal:
        return Verdict(None, refusal)
    if one_sentence:
        text = _main_clause(text)
    if one_sentence and re.search(r"[\"“”()]|\w'\s|: ", text):
        return Verdict(None, Refusal.ASIDE)
    whole = _whole_sentences(text, one_sentence)
    if whole is None or not normalise(whole):
        return Verdict(None, Refusal.UNFINISHED)
    if one_sentence and len(whole.split()) > MAX_SENTENCE_WORDS:
        return Verdict(None, Refusal.RAMBLING)
    refusal = _fault(whole, expected)
    return Verdict(None, refusal) if refusal else Verdict(whole, None)


def content_words(text: str) -> list[str]:
    """Extract the words that carry meaning.

    Args:
        text: The text.

    Returns:
        Normalised words of three letters or more, without the most common ones.
    """
    return [w for w in normalise(text).split() if len(w) > 2 and w not in _COMMON_ENGLISH]


def _hostile(text: str, expected: Expectation) -> Refusal | None:
    """Return why a text must not be shown; its appearance counts, not its code points."""
    looks = (normalised(text), skeleton(text))
    for reason, pattern in FORBIDDEN.items():
        if any(pattern.search(look) for look in looks):
            return reason
    if holds_address(text):
        return Refusal.LINK
    foreign = scripts(looks[0]) - scripts(expected.seed) - {"LATIN"}
    if foreign or mixes_scripts(looks[0]):
        return Refusal.SCRIPT
    return Refusal.MARKUP if holds_markup(text) else None


def _fault(text: str, expected: Expectation) -> Refusal | None:
    if len(text) > expected.max_characters:
        return Refusal.TOO_LONG
    words = normalise(text).split()
    known = expected.known_words
    if len(words) >= _MIN_WORDS_FOR_LANGUAGE and not _COMMON_ENGLISH.intersection(words):
        return Refusal.LANGUAGE
    if set(re.findall(r"\d+", text)) - set(re.findall(r"\d+", expected.seed)):
        return Refusal.NUMBER
    if _repeats(words):
        return Refusal.REPETITION
    seed = normalise(expected.seed)
    if SequenceMatcher(None, " ".join(words), seed, False).ratio() >= expected.max_similarity:
        return Refusal.COPY
    meaning = content_words(text)
    if sum(word in known for word in meaning) < expected.min_known * len(meaning):
        return Refusal.OFF_TOPIC
    return None


def _main_clause(text: str) -> str:
    """Return the first sentence, cut to its first clause if that can stand alone."""
    sentence = SENTENCE_END.split(text, maxsplit=1)[0]
    clause = _CLAUSE_END.split(sentence, maxsplit=1)[0]
    alone = len(clause.split()) >= _MIN_CLAUSE_WORDS and not _OPEN_CLAUSE.search(clause)
    return f"{clause}." if alone and clause != sentence else sentence


def _whole_sentences(text: str, one: bool) -> str | None:
    """Return the first sentence, or all whole sentences; None if no sentence is whole."""
    if not one:
        ends = [match.end() for match in re.finditer(r"[.!?…][\"'”’)]*", text)]
        text = text[: ends[-1]] if ends else ""
    ended = text.rstrip(_OWN_CLOSING).endswith((".", "!", "?", "…"))
    paired = text.count("(") == text.count(")") and text.count('"') % 2 == 0
    return text if ended and paired and text.count("“") == text.count("”") else None


def _repeats(words: list[str]) -> bool:
    threes = [tuple(words[at : at + 3]) for at in range(len(words) - 2)]
    few = len(words) >= 8 and len(set(words)) < len(words) / 2
    stutter = any(word == following for word, following in pairwise(words))
    return few or stutter or len(threes) != len(set(threes))
