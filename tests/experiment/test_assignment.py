import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from threads_pipelines.experiment.assignment import (
    CONTROL,
    NOT_ENROLLED,
    TREATMENT,
    Assignment,
    assign,
    draw,
    served_groups,
)
from threads_pipelines.experiment.empty_groups import empty_groups
from threads_pipelines.experiment.settings import ExperimentSettings

GOLDEN = [0, 0, 0, 0, 0, 1, 0, 0]
NOBODY_PINNED = ExperimentSettings(pinned={})


def test_lot_never_changes() -> None:
    """Golden values: a change would move people between groups in the middle of an experiment."""
    ids = ["a", "b", "c", "d", "e", "f", "ü", ""]

    assert draw("recommended-feed-1", ids).tolist() == GOLDEN
    assert draw("recommended-feed-2", ids).tolist() != GOLDEN


@given(st.lists(st.text(), unique=True, max_size=30), st.text(min_size=1))
def test_lot_does_not_depend_on_the_others(ids: list[str], name: str) -> None:
    together = draw(name, ids)
    assert together.tolist() == [draw(name, [one])[0] for one in ids]
    assert set(together.tolist()) <= {CONTROL, TREATMENT}


def test_lot_is_even_and_independent_between_experiments() -> None:
    ids = [f"user-{index}" for index in range(100_000)]
    first, second = draw("one", ids), draw("two", ids)

    # Four standard errors of a fair coin.
    assert abs(first.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(ids))
    assert abs((first == second).mean() - 0.5) < 4 * 0.5 / np.sqrt(len(ids))


def test_real_accounts_take_part_only_where_the_settings_say_so() -> None:
    ids, emails = ["real", "made"], ["r@example.org", "default.u1@synthetic.test"]
    synthetic = np.array([False, True])

    apart = assign(ids, emails, synthetic, NOBODY_PINNED)
    together = assign(
        ids, emails, synthetic, ExperimentSettings(pinned={}, enroll_real_accounts=True)
    )

    assert apart.group.tolist() == [NOT_ENROLLED, draw(NOBODY_PINNED.name, ["made"])[0]]
    assert apart.enrolled.tolist() == [False, True]
    assert apart.rows()[0] == ["made"]
    assert together.group.tolist() == draw(NOBODY_PINNED.name, ids).tolist()


def test_pins_win_over_the_lot_and_over_enrolment() -> None:
    ids = [f"u{index}" for index in range(20)]
    emails = [f"{one}@example.org" for one in ids]
    pins = {"u0@example.org": "treatment", "u1": "control", "gone@example.org": "control"}
    settings = ExperimentSettings.model_validate({"pinned": pins})

    dealt = assign(ids, emails, np.zeros(20, bool), settings)

    assert dealt.group.tolist() == [TREATMENT, CONTROL] + [NOT_ENROLLED] * 18
    assert dealt.rows() == (["u0", "u1"], ["treatment", "control"])
    assert dealt.missing == ("gone@example.org",)
    assert not dealt.randomized.any()
    assert dealt.withheld.tolist() == [False, True] + [False] * 18


def test_report_compares_only_those_who_drew_lots_as_they_were_served() -> None:
    ids = ["a", "b", "c", "d"]
    settings = ExperimentSettings(pinned={"a": "treatment"})
    dealt = assign(ids, [None] * 4, np.array([True, True, True, False]), settings)

    served = served_groups(dealt, ["treatment", "treatment", None, "control"])

    assert served.tolist() == [NOT_ENROLLED, TREATMENT, NOT_ENROLLED, NOT_ENROLLED]


def test_test_accounts_are_pinned_by_default() -> None:
    assert ExperimentSettings().pinned == {
        "test_control@example.com": "control",
        "test_treatment@example.com": "treatment",
    }


def test_unknown_group_is_refused() -> None:
    with pytest.raises(ValidationError, match="pinned"):
        ExperimentSettings.model_validate({"pinned": {"a": "both"}})


def test_a_share_of_the_real_accounts_grows_without_moving_anybody() -> None:
    ids = [f"u{number}" for number in range(20_000)]
    nobody = np.zeros(len(ids), bool)

    def dealt(share: float) -> Assignment:
        settings = ExperimentSettings(pinned={}, enroll_real_accounts=True, real_share=share)
        return assign(ids, [None] * len(ids), nobody, settings)

    tenth, half, everyone = dealt(0.1), dealt(0.5), dealt(1.0)
    assert abs(tenth.enrolled.mean() - 0.1) < 0.01
    assert abs(half.enrolled.mean() - 0.5) < 0.02
    assert everyone.enrolled.all()
    assert not (tenth.enrolled & ~half.enrolled).any()
    assert (tenth.group[tenth.enrolled] == everyone.group[tenth.enrolled]).all()
    assert abs(tenth.group[tenth.enrolled].mean() - 0.5) < 0.05


def test_a_person_with_a_test_accounts_address_is_not_it() -> None:
    emails = list(ExperimentSettings().pinned)
    dealt = assign(["a", "b"], emails, np.array([False, True]), ExperimentSettings())
    assert dealt.group.tolist() == [NOT_ENROLLED, TREATMENT]


@pytest.mark.parametrize(
    ("labels", "synthetic", "enrol", "cause"),
    [
        ([None] * 8, False, True, "its owner adds it with the migration"),
        (["control"] * 8, False, False, "set THREADS_EXPERIMENT_ENROL"),
        (["control"] * 8, False, True, "dealt into treatment, and none of them has it"),
        (["control"] * 8, True, False, "dealt into treatment, and none of them has it"),
    ],
)
def test_the_cause_of_an_empty_group_is_named(
    labels: list[str | None], synthetic: bool, enrol: bool, cause: str
) -> None:
    made = np.full(8, synthetic)
    settings = ExperimentSettings(pinned={}, enroll_real_accounts=enrol)
    ids = ["a", "b", "c", "d", "e", "f", "ü", ""]
    dealt = assign(ids, [None] * 8, made, settings)
    (said,) = empty_groups(dealt, served_groups(dealt, labels), labels, made, settings)
    assert cause in said
    both = [["control", "treatment"][group] for group in dealt.group] if enrol else labels
    if enrol:
        assert not empty_groups(dealt, served_groups(dealt, both), both, made, settings)
