"""When two texts are the same, or nearly so."""

from hypothesis import given
from hypothesis import strategies as st

from threads_pipelines.content.text import near_duplicates, normalise


def test_digits_punctuation_emoji_and_case_do_not_count() -> None:
    assert normalise("Rye  bread, 24 h — DON'T rush! 🍞") == normalise("rye bread h dont rush")
    assert normalise("Ｒｙｅ ﬁne") == "rye fine"
    assert normalise("12 🍞 _ !") == ""


@given(st.text())
def test_normalise_is_stable(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert not any(c.isdigit() or c in "!?.,🍞" for c in once)


def test_near_duplicates_by_hand() -> None:
    base = "one two three four five six seven eight nine ten eleven twelve"
    report = near_duplicates(
        [base, base.upper() + "!", base + " more", "a b c", "something else", ""]
    )
    # rows 1 (the same) and 2 (10 of 11 shingles) repeat row 0
    assert (report.texts, report.identical, report.near) == (6, 1, 2)
    assert report.examples[0] == (0, 1)
    assert report.share == 2 / 6


def test_nothing_to_compare() -> None:
    assert near_duplicates([]).share == 0.0
    assert near_duplicates(["one"]).near == 0


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join), max_size=12),
    st.floats(0.3, 1.0),
)
def test_near_duplicates_agree_with_brute_force(texts: list[str], threshold: float) -> None:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[at : at + 3]) for at in range(max(len(words) - 2, 1))}

    sets = [shingles(text) for text in texts]
    expected = sum(
        any(len(s & t) / len(s | t) >= threshold - 1e-9 for t in sets[:row])
        for row, s in enumerate(sets)
    )
    assert near_duplicates(texts, threshold).near == expected
