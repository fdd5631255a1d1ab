"""The real client against the real Gemma, and against servers that misbehave."""

import time
from collections.abc import Callable

import pytest

from tests.content.conftest import FakeTextModel
from tests.content.memory_store import MemoryStore
from tests.fake_text_model import ENDLESS, Behaviour, FakeTextModelServer
from threads_pipelines.content.generate import generate_posts
from threads_pipelines.content.model.cache import CachedModel
from threads_pipelines.content.model.ollama import MAX_CHARACTERS, OllamaModel
from threads_pipelines.content.posts import ContentSettings
from threads_pipelines.content.seeds import SeedPost
from threads_pipelines.content.text_model import CompletionOptions
from threads_pipelines.errors import TextModelError

OPTIONS = CompletionOptions(seed=1)
Start = Callable[[Behaviour], FakeTextModelServer]


def test_gemma_writes_and_is_asked_once(
    gemma_server: dict[str, str], seeds: tuple[SeedPost, ...]
) -> None:
    model = OllamaModel(gemma_server["OLLAMA_HOST"], gemma_server["OLLAMA_MODEL"])
    assert not model.follows_instructions
    assert model.identity.startswith("gemma3:270m@")
    assert len(model.identity) == len("gemma3:270m@") + 64
    store = MemoryStore()
    settings = ContentSettings(model_texts=3, model_calls=4)
    first = generate_posts(seeds, 8, settings, lambda: CachedModel(model, store))
    again = CachedModel(model, store)
    second = generate_posts(seeds, 8, settings, lambda: again)
    assert first.model.calls == again.hits == second.model.calls
    assert first.model.written >= 1
    assert first.posts == second.posts
    assert any(post.source == "gemma" for post in first.posts)


def test_an_unknown_model_is_named(gemma_server: dict[str, str]) -> None:
    with pytest.raises(TextModelError, match=r"has no model 'nope': run `ollama pull nope`"):
        OllamaModel(gemma_server["OLLAMA_HOST"], "nope")


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (Behaviour(fault="missing"), "has no model 'gemma'"),
        (Behaviour(fault="broken"), "answered 500: out of memory"),
        (Behaviour(fault="silent"), "did not answer in time"),
        (Behaviour("w", ENDLESS, pause=0.02), "took longer than 0.3 s for one text"),
        (Behaviour(fault="garbage"), "does not speak Ollama's API"),
    ],
)
def test_bad_weather(model_server: Start, behaviour: Behaviour, message: str) -> None:
    host = model_server(behaviour).host
    with pytest.raises(TextModelError, match=message):
        OllamaModel(host, "gemma", call_seconds=0.3).complete("The bread", OPTIONS)


def test_nobody_there(model_server: Start) -> None:
    server = model_server(Behaviour(pieces=ENDLESS))
    model = OllamaModel(server.host, "gemma")
    server.shutdown()
    server.server_close()
    with pytest.raises(TextModelError, match=r"does not answer .*OLLAMA_HOST"):
        model.complete("The bread", OPTIONS)
    with pytest.raises(TextModelError, match="does not answer"):
        OllamaModel(server.host, "gemma")


def test_an_endless_answer_is_left(model_server: Start) -> None:
    model = OllamaModel(model_server(Behaviour(pieces=ENDLESS)).host, "gemma", call_seconds=10)
    began = time.monotonic()
    text = model.complete("The bread", OPTIONS)
    assert MAX_CHARACTERS < len(text) < MAX_CHARACTERS + 100
    assert model.identity == "gemma:latest@unknown"
    assert time.monotonic() - began < 10  # it was left, not waited for


def test_a_chat_template_is_noticed(model_server: Start) -> None:
    assert OllamaModel(model_server(Behaviour(instructed=True)).host, "gemma").follows_instructions
    assert not OllamaModel(model_server(Behaviour()).host, "gemma").follows_instructions


def test_a_model_that_can_think_is_told_not_to(model_server: Start) -> None:
    thinker = Behaviour("warm.", thoughts=3, instructed=True, capabilities=("thinking",))
    assert OllamaModel(model_server(thinker).host, "gemma").complete("a", OPTIONS) == "warm."


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour("", thoughts=3, instructed=True),
        Behaviour("<think> so ", pieces=3, instructed=True),
    ],
)
def test_a_model_that_only_thinks_is_named_with_the_reason(
    model_server: Start, behaviour: Behaviour
) -> None:
    model = OllamaModel(model_server(behaviour).host, "gemma")
    with pytest.raises(TextModelError, match=r"'gemma' thinks.*OLLAMA_MODEL"):
        model.complete("a", OPTIONS)


@pytest.mark.parametrize("name", ["gemma3", "gemma3:latest", "hf.co:443/x/gemma3"])
def test_a_name_without_a_tag_is_the_latest_ones(model_server: Start, name: str) -> None:
    listed = (("gemma3:1b", "other"), ("gemma3:latest", "d1"), ("hf.co:443/x/gemma3:latest", "d1"))
    model = OllamaModel(model_server(Behaviour(listed=listed)).host, name)
    assert model.identity.endswith(":latest@d1")


def test_the_cache_asks_again_for_whatever_differs() -> None:
    entries: dict[str, bytes] = {}
    model = FakeTextModel("warm.")
    cached = CachedModel(model, MemoryStore(entries))
    for prompt, seed in (("a", 1), ("a", 1), ("b", 1), ("a", 2)):
        assert cached.complete(prompt, CompletionOptions(seed)) == "warm."
    assert (len(model.prompts), cached.hits, len(entries)) == (3, 1, 3)
    assert all(len(key) == 64 for key in entries)
    for key in entries:
        entries[key] = b"{damaged"
    assert cached.complete("a", CompletionOptions(1)) == "warm."
    assert len(model.prompts) == 4
