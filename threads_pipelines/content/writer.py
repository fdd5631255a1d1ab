"""Writes posts with the text model: prompt templates, up to three attempts, guards.

A model with a chat template gets an instruction. A base model gets a text to continue: the template
writes the opening and begins a sentence, the model ends it, and the template may add a closing.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.content.guards.judging import (
    MAX_MODEL_CHARACTERS,
    Expectation,
    content_words,
    judge,
)
from threads_pipelines.content.guards.refusals import Refusal
from threads_pipelines.content.seeds import MAX_POST_LENGTH
from threads_pipelines.content.text_model import CompletionOptions, TextModel
from threads_pipelines.content.variations import Phrases, environment, phrases_for
from threads_pipelines.content.vocabulary import SENTENCE_END, Subject, theme

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = "\ue000"
"""Where the model's words go: a private-use character, which no text may hold."""

MANNERS = {
    "paraphrase": "saying the same in other words",
    "add_context": "adding when, where and with whom it happened",
    "emoji": "in two short sentences with two fitting emoji",
    "question": "ending with one honest question to the readers",
    "personal_story": "as a short memory from your own life",
    "pro_tip": "as one practical tip and why it works",
    "short_form": "in at most twelve words",
    "long_form": "in four or five sentences",
    "casual": "in lower case, as one writes to friends",
    "professional": "in a measured tone, as one writes to colleagues",
}
"""What an instruction says of each variation type."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, and the texts that surround the completion in the finished post.

    Attributes:
        text: The prompt.
        before: Text of the finished post before the sentence that the model ends.
        begun: Beginning of that sentence; empty for an instruction.
        after: Text after it.
        options: How to sample.
    """

    text: str
    before: str
    begun: str
    after: str
    options: CompletionOptions


@dataclass(slots=True)
class Tally:
    """Counts of calls and refusals."""

    calls: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)


def write(
    model: TextModel,
    post: Subject,
    variation: str,
    rng: np.random.Generator,
    tally: Tally,
    attempts: int = 3,
    is_new: Callable[[str], bool] = lambda text: True,
    max_characters: int = MAX_POST_LENGTH,
) -> str | None:
    """Write a post with the model, until the guards accept one that is new.

    Args:
        model: The text model.
        post: The subject.
        variation: One of ``VARIATION_TYPES``.
        rng: Draws phrases and seeds.
        tally: Counts of calls and refusals; it is updated.
        attempts: Most attempts.
        is_new: Returns whether a text was never posted.
        max_characters: Most characters of the post.

    Returns:
        The post; None if all attempts were refused.

    Raises:
        TextModelError: The model does not answer.
    """
    expected = Expectation(post.content, known_words(post.topic, post.content))
    for _ in range(attempts):
        prompt = prompt_for(post, variation, rng, model.follows_instructions)
        tally.calls += 1
        verdict = judge(
            prompt.begun + model.complete(prompt.text, prompt.options),
            expected,
            one_sentence=prompt.options.one_sentence,
        )
        if verdict.text is None:
            tally.refused[verdict.refusal or Refusal.EMPTY] += 1
            continue
        text = f"{prompt.before} {verdict.text}{prompt.after}".strip()
        if len(text) > max_characters:
            tally.refused[Refusal.TOO_LONG] += 1
        elif not is_new(text):
            tally.refused[Refusal.COPY] += 1
        else:
            return text
    return None


def prompt_for(post: Subject, variation: str, rng: np.random.Generator, instruct: bool) -> Prompt:
    """Write the prompt of one attempt.

    Args:
        post: The subject.
        variation: One of ``VARIATION_TYPES``.
        rng: Draws the phrases and the seed of the model.
        instruct: Whether the model has a chat template.

    Returns:
        The prompt.
    """
    seed = int(rng.integers(2**31))
    if instruct:
        text = prompt_template("instruct/post").render(
            topic=post.topic,
            content=post.content,
            manner=MANNERS[variation],
            max_characters=MAX_MODEL_CHARACTERS - 20,
        )
        options = CompletionOptions(seed, max_tokens=120, one_sentence=False, stop=())
        return Prompt(text, "", "", "", options)
    return continuation(f"continue/{variation}", phrases_for(post, rng), seed)


def continuation(template: str, phrases: Phrases, seed: int) -> Prompt:
    """Write a prompt for a base model: the post up to the point where the model continues.

    Args:
        template: Name of the prompt template.
        phrases: The phrases.
        seed: Seed of the completion.

    Returns:
        The prompt.
    """
    text = prompt_template(template).render(say=phrases.say, choose=phrases.choose, model=_HERE)
    before, after = text.split(_HERE)
    begun = SENTENCE_END.split(before)[-1]
    return Prompt(before, before.removesuffix(begun).strip(), begun, after, CompletionOptions(seed))


@cache
def prompt_template(name: str) -> "Template":
    """Load a prompt template.

    Args:
        name: Name of the file in ``prompts/``, without its ending.

    Returns:
        The template.
    """
    file = resources.files("threads_pipelines.content") / "prompts" / f"{name}.j2"
    return environment().from_string(file.read_text(encoding="utf-8").strip())


@cache
def known_words(theme_name: str, content: str) -> AbstractSet[str]:
    """Collect the words that a text may be expected to share with its theme.

    Args:
        theme_name: Name of the theme.
        content: Text of the seed.

    Returns:
        Normalised words.
    """
    words = theme(theme_name)
    texts = [content, " ".join(words.keywords)]
    for slots in words.subjects.values():
        texts += [f.texts() for fragments in slots.values() for f in fragments]
    return frozenset(content_words(" ".join(texts)))
