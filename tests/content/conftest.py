"""The seeds of the repository, and stand-ins for a text model that must be forced to fail."""

from collections.abc import Callable, Iterator

import pytest

from tests.fake_text_model import Behaviour, FakeTextModelServer, text_model_servers
from threads_pipelines.content.seeds import SeedPost, parse_seed_posts
from threads_pipelines.content.text_model import CompletionOptions
from threads_pipelines.errors import TextModelError
from threads_pipelines.project_files import SEEDS_DIR


@pytest.fixture(scope="session")
def seeds() -> tuple[SeedPost, ...]:
    path = SEEDS_DIR / "seed_posts.json"
    return parse_seed_posts(path.read_bytes(), path.name)


class FakeTextModel:
    """Answers what it is told to, so that the guards can be shown any text."""

    identity = "fake@0"

    def __init__(
        self, answer: str | Callable[[str], str], *, follows_instructions: bool = False
    ) -> None:
        self._answer = answer
        self.follows_instructions = follows_instructions
        self.prompts: list[str] = []

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        self.prompts.append(prompt)
        return self._answer(prompt) if callable(self._answer) else self._answer


class FailingTextModel:
    """A model that breaks down after so many good answers."""

    identity = "failing@0"
    follows_instructions = False

    def __init__(self, good: int = 0) -> None:
        self.good = good

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        self.good -= 1
        if self.good < 0:
            raise TextModelError("the text model's server does not answer")
        names = ("Ada", "Ben", "Cem", "Dua", "Eli", "Fay", "Gil", "Hua")
        return f" warm bread with {names[self.good % 8]} and butter."


@pytest.fixture
def model_server() -> Iterator[Callable[[Behaviour], FakeTextModelServer]]:
    with text_model_servers() as start:
        yield start
