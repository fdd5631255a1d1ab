"""Bad weather: whatever the model says or fails to say, a tick ends well and stores nothing bad."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.defs.conftest import NOW, World
from tests.fake_text_model import ENDLESS, FakeTextModelServer
from tests.simulation.conftest import HOSTILE, run, said

Start = Callable[..., FakeTextModelServer]


def weather(world: World, minute: int = 0, **config: int) -> dict[str, str]:
    """Run a tick; reasons and what decided, as text."""
    result = run(world, "continuous_simulation", NOW + timedelta(minutes=minute), **config)
    assert result.success
    (posts,) = result.asset_materializations_for_node("generated_posts")
    (acts,) = result.asset_materializations_for_node("simulated_interactions")
    assert posts.metadata["dagster/row_count"].value >= 1
    assert acts.metadata["dagster/row_count"].value >= 1
    return {
        "posts": str(posts.metadata["posts"].value),
        "wrote": str(posts.metadata["decided_by"].value),
        "interest": str(acts.metadata["interest_decided_by"].value),
        "reasons": str(acts.metadata["reasons"].value),
    }


def assert_clean(world: World) -> None:
    texts = said(world)
    assert texts
    for text in texts:
        assert not set(text) & set("<>{}"), text
        assert not re.search(r"DROP TABLE|http|'\s*;|[\u0400-\u04ff]|word word", text), text
    assert world.query("SELECT content FROM post WHERE id = 'hostile'") == [(HOSTILE,)]


def test_answers_that_cannot_be_used(living: World, model_saying: Start) -> None:
    answers = {
        "": "empty",
        "word ": "no whole sentence",
        "Сегодня мы испекли хлеб с маслом и вареньем.": "another script",
        HOSTILE: "instructions instead of a post",
    }
    cases = [(*answer, instructed) for answer in answers.items() for instructed in (False, True)]
    for minute, (answer, reason, instructed) in enumerate(cases):
        pieces = ENDLESS if answer == "word " else 1
        server = model_saying(answer, pieces=pieces, instructed=instructed)
        told = weather(living, minute)
        assert 1 <= len(server.prompts) <= 6
        assert told["wrote"].startswith("{'template'")
        assert "refused: " in told["posts"]
        assert reason in told["posts"] or not instructed, "base weights go on after a beginning"
        for prompt in server.prompts:
            assert "<b>" not in prompt
            assert "'; DROP" not in prompt
    assert_clean(living)


def test_a_server_that_fails(
    living: World, model_saying: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = model_saying(" and butter on warm bread.", dies_after=1)
    told = weather(living, fewest_posts=3)
    assert "does not answer" in told["posts"] + told["reasons"], "killed in the middle"
    assert len(killed.prompts) <= 4
    model_saying("", fault="missing")
    told = weather(living, 1)
    assert "has no model" in told["posts"]
    assert "ollama pull" in told["reasons"]
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    told = weather(living, 2)
    assert "does not answer" in told["posts"]
    assert_clean(living)


def test_an_instructed_model_decides_and_the_metadata_says_so(
    living: World, model_saying: Start
) -> None:
    server = model_saying("Yes", instructed=True)
    told = weather(living)
    assert 4 <= len(server.prompts) <= 6
    assert "'model': 3" in told["interest"]
    assert "'similarity': " in told["interest"], "the budget is spent after a few"
    assert "the budget of model calls is spent" in told["reasons"]
    assert_clean(living)
