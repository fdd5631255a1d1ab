"""The repository's seeds are as the issue wants them; a bad file is named in every fault."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threads_pipelines.content.seeds import SeedPost, parse_seed_posts, parse_seed_users
from threads_pipelines.errors import SeedError
from threads_pipelines.project_files import SEEDS_DIR

POST = {"id": "a", "topic": "food", "content": "Soup.", "tags": ["soup"], "tone": "warm"}
USER = {
    "id": "a",
    "name": "Cook",
    "description": "Cooks.",
    "bio": ["Hello."],
    "topic_weights": {"food": 1.0},
    "activity": 1.0,
    "posting": 0.5,
}


def as_bytes(*entries: Any) -> bytes:
    return json.dumps(entries).encode()


def test_ten_posts_over_six_topics(seeds: tuple[SeedPost, ...]) -> None:
    assert Counter(post.topic for post in seeds) == {
        "technology": 3,
        "food": 2,
        "travel": 2,
        "sports": 1,
        "books": 1,
        "daily_life": 1,
    }


def test_ten_archetypes_that_like_different_things() -> None:
    path = SEEDS_DIR / "seed_users.json"
    users = parse_seed_users(path.read_bytes(), path.name)
    assert len(users) == 10
    for user in users:
        assert sum(user.topic_shares.values()) == pytest.approx(1.0)
    favourites = {
        max(user.topic_shares, key=lambda topic: user.topic_shares[topic]) for user in users
    }
    assert favourites == {"technology", "food", "travel", "sports", "books", "daily_life"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"topic": "politics"}, "topic: input should be 'technology'"),
        ({"content": " 12 "}, "content: has no letters in it"),
        ({"content": "a\x00b"}, "content: holds a NUL character"),
        ({"content": "ab " * 200}, "content: string should have at most 500 characters"),
        ({"tags": []}, "tags: must not be empty"),
        ({"id": "A b"}, "id: string should match pattern"),
        ({"mood": "x"}, "mood: is not a field that is known here"),
        ({"tone": 3}, "tone: input should be a valid string"),
    ],
)
def test_a_bad_post_is_named(change: dict[str, Any], fault: str) -> None:
    good = {**POST, "id": "b", "content": "Bread."}
    with pytest.raises(SeedError) as raised:
        parse_seed_posts(as_bytes(good, {**POST, **change}), "seeds/seed_posts.json")
    assert str(raised.value).startswith("seeds/seed_posts.json has 1 fault:\n  entry 2")
    assert fault in str(raised.value)


def test_every_fault_is_listed_at_once() -> None:
    raw = as_bytes({**POST, "topic": "x", "tone": ""}, {"id": "b"}, 7, POST, {**POST, "tone": "x"})
    with pytest.raises(SeedError) as raised:
        parse_seed_posts(raw, "S")
    lines = str(raised.value).splitlines()
    assert lines[0] == "S has 9 faults:"
    assert "  entry 2 (b), content: is missing" in lines
    assert "  entry 3, the entry: must be a JSON object (given: '7')" in lines
    assert "  entry 5 (a), id: same id as entry 4" in lines
    assert "  entry 5 (a), content: same text as entry 4" in lines


def test_of_very_many_bad_entries_the_first_ten_are_named() -> None:
    for entries in ([{"id": 1}] * 100_000, [POST] * 100_000):
        with pytest.raises(SeedError) as raised:
            parse_seed_posts(as_bytes(*entries), "S")
        message = str(raised.value)
        assert len(message) < 10_000
        first = 1 if entries[0] != POST else 2
        named = {int(number) for number in re.findall(r"^  entry (\d+)", message, re.MULTILINE)}
        assert named == set(range(first, first + 10))
        assert "faults in " in message.splitlines()[0]


def test_names_and_values_of_a_file_are_shown_short_and_plain() -> None:
    raw = as_bytes({**POST, "k" * 99_999: 1, "\x1b[31m": 2, "tone": 7})
    raw = raw.replace(b"7", b"7" * 5000)
    with pytest.raises(SeedError) as raised:
        parse_seed_posts(raw, "S")
    assert len(str(raised.value)) < 500
    assert str(raised.value).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"topic_weights": {"food": -1.0}}, "topic_weights.food: input should be greater"),
        ({"topic_weights": {"food": float("nan")}}, "topic_weights.food: input should be a finite"),
        ({"topic_weights": {"food": 0.0}}, "topic_weights: all weights are zero"),
        ({"topic_weights": {"war": 1.0}}, "topic_weights.war: input should be 'technology'"),
        ({"activity": 0}, "activity: input should be greater than 0"),
        ({"bio": []}, "bio: must not be empty"),
    ],
)
def test_a_bad_archetype_is_named(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(SeedError, match="entry 1 \\(a\\)") as raised:
        parse_seed_users(as_bytes({**USER, **change}), "U")
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b'[\n  {"id": }]', "S is not JSON: Expecting value at line 2, column 10"),
        (b"\xff\xfe[]", "S is not UTF-8 text"),
        (b"{}", "S holds a JSON dict; it must be a list"),
        (b"[]", "S is an empty list"),
        (b"[" * 100_000, "S is nested too deeply"),
        (b'[{"id": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_000 + b"}]", "nested too deeply"),
        (b'["' + b"x" * 50_000_000 + b'"]', "S has 50,000,004 bytes; .* 10,000,000 at most"),
        (b'[{"id": "a", "id": "b"}]', "S: an entry has the field 'id' twice"),
        (b'[{"id": ' + b"9" * 1_000_000 + b"}]", "entry 1, id: .*given: 'inf'"),
    ],
)
def test_a_file_that_is_no_list_is_named(raw: bytes, fault: str) -> None:
    with pytest.raises(SeedError, match=fault):
        parse_seed_posts(raw, "S")


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    ).map(lambda value: json.dumps([value]).encode())
)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    for parse in (parse_seed_posts, parse_seed_users):
        with pytest.raises(SeedError):
            parse(raw, "S")
