"""Explains to an operator why a group of the experiment is empty."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from threads_pipelines.experiment.assignment import GROUPS, Assignment, Groups, Mask
from threads_pipelines.experiment.settings import ExperimentSettings

NO_COLUMN = (
    'the app has no column "user".experiment_group: its owner adds it with the migration in '
    "sql/prisma; everything but the experiment works without it"
)
NOT_ENROLLED_HINT = (
    "No real account takes part, and synthetic ones do not count once real ones exist: set "
    "THREADS_EXPERIMENT_ENROL (all, or a share such as 10%), then run experiment_reports."
)


def empty_groups(
    dealt: Assignment,
    served: Groups,
    labels: Sequence[Any],
    synthetic: Mask,
    settings: ExperimentSettings,
) -> tuple[str, ...]:
    """Explain why groups are empty.

    Args:
        dealt: The assignment.
        served: (n,) int8, the group in which each account counts.
        labels: n values of ``experiment_group``; None without the column.
        synthetic: (n,) bool, accounts that this project made.
        settings: Name and participants of the experiment.

    Returns:
        A sentence for each cause; none if both groups have accounts.
    """
    empty = [group for group in range(len(GROUPS)) if not (served == group).any()]
    if not empty:
        return ()
    if len(labels) and all(label is None for label in labels):
        return (NO_COLUMN[0].upper() + NO_COLUMN[1:] + ".",)
    if not settings.enroll_real_accounts and not np.asarray(synthetic).all():
        return (NOT_ENROLLED_HINT,)
    return tuple(_cause(group, dealt) for group in empty)


def _cause(group: int, dealt: Assignment) -> str:
    count = int((dealt.randomized & (dealt.group == group)).sum())
    if not count:
        taking_part = int(dealt.randomized.sum())
        return f"No account is dealt into {GROUPS[group]}: {taking_part:,} take part by lot."
    return (
        f"{count:,} accounts are dealt into {GROUPS[group]}, and none of them has it in "
        '"user".experiment_group: run experiment_reports, and see whether something else writes it.'
    )
