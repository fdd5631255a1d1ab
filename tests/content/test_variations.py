"""The ten ways of saying a seed: different, whole, about their topic, cleanly typed."""

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from threads_pipelines.content.seeds import SeedPost
from threads_pipelines.content.similarity import theme_of
from threads_pipelines.content.text import normalise
from threads_pipelines.content.variations import VARIATION_TYPES, render
from threads_pipelines.content.vocabulary import THEMES, sentences, slots_for, theme, voice

REQUIRED_SLOTS = {
    *("cues", "nouns", "points", "moments", "scenes", "details", "memories", "tips", "whys"),
    *("questions", "formal", "shorts"),
}


def samples(seeds: tuple[SeedPost, ...], each: int) -> list[tuple[SeedPost, str, str]]:
    rng = np.random.default_rng(1)
    return [
        (seed, variation, render(variation, seed, rng))
        for seed in seeds
        for variation in VARIATION_TYPES
        for _ in range(each)
    ]


def test_ten_types_differ_from_each_other_and_from_the_seed(seeds: tuple[SeedPost, ...]) -> None:
    for seed in seeds:
        texts = [render(v, seed, np.random.default_rng(3)) for v in VARIATION_TYPES]
        for one, other in combinations([seed.content, *texts], 2):
            shared = set(normalise(one).split()) & set(normalise(other).split())
            union = set(normalise(one).split()) | set(normalise(other).split())
            assert len(shared) / len(union) < 0.7, (one, other)


def test_each_type_keeps_its_manner(seeds: tuple[SeedPost, ...]) -> None:
    lengths: dict[str, list[int]] = {variation: [] for variation in VARIATION_TYPES}
    for _, variation, text in samples(seeds, 5):
        lengths[variation].append(len(text))
        has_emoji = any(ord(c) > 0x2300 and not c.isalpha() for c in text)
        assert has_emoji == (variation == "emoji"), text
        if variation == "question":
            assert "?" in text
        if variation == "casual":
            assert text[0].islower() or text.startswith("I ")
    means = {variation: np.mean(found) for variation, found in lengths.items()}
    assert means["short_form"] < min(v for k, v in means.items() if k != "short_form")
    assert means["long_form"] > 1.3 * max(v for k, v in means.items() if k != "long_form")


def test_typing_is_right(seeds: tuple[SeedPost, ...]) -> None:
    wrong = re.compile(
        r"  | [,.;:!?]|[,.;:]{2}|\ba [aeio]\w|\ban [bcdfgjklmnpqrstvwxyz]|[\[\]|{}<>]"
        r"|\b(?!had had|that that)(\w+) \1\b|[.!?] [a-z]",
    )
    for _, variation, text in samples(seeds, 30):
        found = wrong.search(text)
        # casual posts begin sentences in lower case, and "a one" and "a u" are said with a y or w
        if found and not (variation == "casual" and re.match(r"[.!?] [a-z]", found.group())):
            assert found.group() in {"a one"}, text


def test_posts_are_about_their_topic(seeds: tuple[SeedPost, ...]) -> None:
    for seed in seeds:
        assert theme_of(seed.content) == seed.topic
    right = Counter(theme_of(text) == seed.topic for seed, _, text in samples(seeds, 10))
    assert right[True] / right.total() > 0.98


def test_the_same_generator_gives_the_same_text(seeds: tuple[SeedPost, ...]) -> None:
    for variation in VARIATION_TYPES:
        one, other = (render(variation, seeds[0], np.random.default_rng(9)) for _ in range(2))
        assert one == other


@pytest.mark.parametrize("name", THEMES)
def test_the_vocabulary_is_complete(name: str) -> None:
    words = theme(name)
    assert words.comments
    assert words.emoji
    assert len(words.keywords) >= 20
    for subject, slots in words.subjects.items():
        missing = REQUIRED_SLOTS - set(slots) - ({"points"} if subject == "general" else set())
        assert not missing, (subject, missing)


@pytest.mark.parametrize("name", THEMES)
def test_fragments_fit_where_templates_put_them(name: str) -> None:
    """Clauses carry no full stop, sentences end with one; both in every form that is drawn."""
    rng = np.random.default_rng(0)
    for slots in theme(name).subjects.values():
        for slot, fragments in slots.items():
            for fragment in fragments:
                for _ in range(10):
                    text = fragment.expand(lambda count: int(rng.integers(count)))
                    if slot in {"moments", "scenes", "tips", "nouns", "cues"}:
                        assert text[-1].isalnum() or slot == "tips", text
                    elif slot != "emoji":
                        assert text[0].isupper(), text
                        assert text[-1] in ".?!", text
                    if slot == "moments":
                        assert text.startswith("I "), text
                    if slot == "tips":
                        assert text[0].islower(), text


def test_an_unknown_subject_speaks_with_the_seeds_own_sentences() -> None:
    seed = SeedPost(
        id="mine",
        topic="sports",
        content="Tried [curling]. My broom|arm hurts! " + "long " * 70,
        tags=("curling",),
        tone="dry",
    )
    points = slots_for(seed.topic, seed.tags, seed.content)["points"]
    said = [point.expand(lambda count: 0) for point in points]
    assert said[:2] == ["Tried (curling).", "My broom/arm hurts!"]
    assert said[2].endswith("long…")
    assert len(said[2]) <= 240
    for variation in VARIATION_TYPES:
        assert normalise(render(variation, seed, np.random.default_rng(0)))


def test_sentences() -> None:
    assert sentences(" One.  Two!\nThree") == ("One.", "Two!", "Three.")
    assert set(voice()) >= {"when", "warm", "ask", "tip"}
