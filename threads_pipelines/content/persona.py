"""Texts and decisions of a fake user, by the text model, templates or text similarity."""

import re
from collections.abc import Callable

import numpy as np

from threads_pipelines.content.contract import (
    INTERESTS,
    MAX_COMMENT_CHARACTERS,
    MAX_POST_CHARACTERS,
    Decision,
    Said,
)
from threads_pipelines.content.guards.judging import Expectation, judge
from threads_pipelines.content.points import draw_point, quoted
from threads_pipelines.content.similarity import MIN_SIMILARITY, theme_similarity
from threads_pipelines.content.text import normalise
from threads_pipelines.content.text_model import CompletionOptions, TextModel
from threads_pipelines.content.variations import phrases_for, render
from threads_pipelines.content.vocabulary import theme
from threads_pipelines.content.writer import (
    Tally,
    known_words,
    prompt_template,
    write,
)
from threads_pipelines.errors import DataError, TextModelError

_VARIATIONS = ("paraphrase", "question", "short_form", "casual", "emoji", "pro_tip")
_ATTEMPTS = 50
_FIRST_NAME = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ]{1,11}")


class Persona:
    """Implements ``LanguageModel`` with a text model, and with templates as fallback.

    No method raises because of what the model or a post says. An interest outside ``INTERESTS`` is
    a KeyError. A model that failed is not called again.

    Args:
        model: The text model; None if there is none.
        rng: Source of randomness.
        calls: Most calls of the model in the life of the object.
        is_new: Returns whether a text was never posted.
        reason: Why there is no model.
    """

    def __init__(
        self,
        model: TextModel | None,
        rng: np.random.Generator,
        calls: int = 6,
        is_new: Callable[[str], bool] = lambda text: True,
        reason: str = "no text model",
    ) -> None:
        self._model = model
        self._rng = rng
        self._calls = calls
        self._is_new = is_new
        self._reason = reason

    def generate_post(self, interest: str) -> Said:
        """Implement ``LanguageModel.generate_post``; ``is_new`` holds for the text."""
        about = draw_point(interest, self._rng)
        variation = _VARIATIONS[self._rng.integers(len(_VARIATIONS))]
        tally = Tally()

        def ask(model: TextModel) -> str | None:
            attempts = min(2, self._calls)
            try:
                return write(
                    model,
                    about,
                    variation,
                    self._rng,
                    tally,
                    attempts,
                    self._is_new,
                    MAX_POST_CHARACTERS,
                )
            finally:
                self._calls -= tally.calls

        text, reason = self._ask(ask)
        if text is not None:
            return Said(text, "model")
        for _ in range(_ATTEMPTS):
            text = render(variation, about, self._rng)
            if len(text) <= MAX_POST_CHARACTERS and self._is_new(text):
                return Said(text, "template", reason or _refused(tally))
        raise DataError(f"no new post about {interest} could be written: the old ones use them up")

    def generate_comment(self, post_content: str, interest: str) -> Said:
        """Implement ``LanguageModel.generate_comment``."""
        about = draw_point(interest, self._rng)
        quote = quoted(post_content)
        expected = Expectation(
            "", known_words(about.topic, quote), max_characters=MAX_COMMENT_CHARACTERS
        )
        verdicts: list[str] = []

        def ask(model: TextModel) -> str | None:
            self._calls -= 1
            seed = int(self._rng.integers(2**31))
            if model.follows_instructions:
                asked = prompt_template("instruct/comment").render(
                    post=quote, interest=interest, max_characters=MAX_COMMENT_CHARACTERS - 20
                )
                options = CompletionOptions(seed, max_tokens=60, one_sentence=False, stop=())
                begun, raw = "", model.complete(asked, options)
            else:
                begun = phrases_for(about, self._rng).say("replies")
                asked = prompt_template("continue/comment").render(post=quote, begun=begun)
                raw = model.complete(asked, CompletionOptions(seed))
            verdict = judge(begun + raw, expected, one_sentence=not model.follows_instructions)
            if verdict.text is None:
                verdicts.append(f"refused: {verdict.refusal}")
            elif normalise(verdict.text) in normalise(post_content):
                verdicts.append("refused: an echo of the post")
            else:
                return verdict.text
            return None

        text, reason = self._ask(ask)
        if text is not None:
            return Said(text, "model")
        found = theme_similarity(quote)
        closest = max(found, key=lambda name: found[name])
        topic = closest if found[closest] >= MIN_SIMILARITY else about.topic
        comments = theme(topic).comments
        fragment = comments[self._rng.integers(len(comments))]
        said = fragment.expand(lambda count: int(self._rng.integers(count)))
        return Said(said, "template", reason or "; ".join(verdicts))

    def should_interact(self, post_content: str, interest: str) -> Decision:
        """Implement ``LanguageModel.should_interact``.

        A base model is not asked, because its yes or no is random.
        """
        topic = INTERESTS[interest]
        found = theme_similarity(post_content)
        alike = found[topic]
        by_words = alike >= MIN_SIMILARITY and alike == max(found.values())

        def ask(model: TextModel) -> str | None:
            self._calls -= 1
            asked = prompt_template("instruct/interest").render(
                post=quoted(post_content), interest=interest
            )
            options = CompletionOptions(0, max_tokens=3, one_sentence=False, temperature=0.0)
            answer = normalise(model.complete(asked, options)).split()
            return answer[0] if answer and answer[0] in {"yes", "no"} else None

        if self._model and not self._model.follows_instructions:
            return Decision(by_words, "similarity", alike, "the model has no chat template")
        text, reason = self._ask(ask)
        if text is None:
            return Decision(by_words, "similarity", alike, reason or "neither yes nor no")
        return Decision(text == "yes", "model", alike)

    def generate_display_name(self, interest: str) -> Said:
        """Implement ``LanguageModel.generate_display_name``.

        The model chooses the first name, the vocabulary the rest.
        """
        names = theme(INTERESTS[interest]).display_names
        fragment = names[self._rng.integers(len(names))]
        template = fragment.expand(lambda count: int(self._rng.integers(count)))

        def ask(model: TextModel) -> str | None:
            self._calls -= 1
            kind = "instruct" if model.follows_instructions else "continue"
            options = CompletionOptions(
                int(self._rng.integers(2**31)), max_tokens=6, stop=(",", "\n")
            )
            raw = model.complete(prompt_template(f"{kind}/first_name").render(), options)
            name = raw.strip(" .,\n").removeprefix("and ")
            return name if _FIRST_NAME.fullmatch(name) else None

        name, reason = self._ask(ask)
        if name is None:
            return Said(template, "template", reason or "refused: not a first name")
        return Said(f"{name} {template.split(' ', 1)[1]}", "model")

    def _ask(self, ask: Callable[[TextModel], str | None]) -> tuple[str | None, str]:
        """Return the model's answer, or None and the reason why there is none."""
        if self._model is None:
            return None, self._reason
        if self._calls <= 0:
            return None, "the budget of model calls is spent"
        try:
            return ask(self._model), ""
        except TextModelError as error:
            self._model, self._reason = None, str(error)
            return None, self._reason


def _refused(tally: Tally) -> str:
    return "refused: " + ", ".join(sorted(tally.refused))
