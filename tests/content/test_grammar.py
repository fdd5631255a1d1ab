"""Fragments: their alternatives, their number, and brackets that do not match."""

import pytest

from threads_pipelines.content.grammar import Fragment


def test_every_form_can_be_had() -> None:
    fragment = Fragment("I [read|[lent|lost] my] book[|s].")
    choices = iter([0, 0, 0, 1, 1, 1, 0])
    assert fragment.expand(lambda count: next(choices)) == "I read book."
    assert fragment.expand(lambda count: next(choices)) == "I read books."
    assert fragment.expand(lambda count: next(choices)) == "I lost my book."
    assert fragment.forms == 6
    assert set(fragment.texts().split()) >= {"read", "lent", "lost"}


@pytest.mark.parametrize("text", ["a [b", "a ]b", "a | b", "[a|[b]", "[a]]"])
def test_unmatched_brackets_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bracket"):
        Fragment(text)
