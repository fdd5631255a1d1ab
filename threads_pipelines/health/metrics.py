"""Counts and timings of a night as Prometheus metrics."""

import math
from collections.abc import Mapping

from threads_pipelines.dataset.night import Night

_PREFIX = "threads_pipelines_night"


def numbers_of(night: Night) -> dict[str, float]:
    """Return the counts and shares of a night that are finite.

    Args:
        night: The counts of the night.

    Returns:
        Numbers by name.
    """
    cold = night.cold_users / night.users if night.users else 0.0
    numbers: dict[str, float | None] = {
        "interactions": night.interactions,
        "users": night.users,
        "users_served": night.users_served,
        "rows": night.rows,
        "cold_share": cold,
        "coverage": night.coverage,
        "newest_interaction_hours": night.newest_hours,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def exposition(numbers: Mapping[str, float], seconds: Mapping[str, float], at: float) -> str:
    """Write metrics in Prometheus's text format (0.0.4).

    Args:
        numbers: Counts and shares by name.
        seconds: Duration of each step.
        at: When the night ended, in epoch seconds.

    Returns:
        The text.
    """
    lines = []
    for name, value in {**numbers, "end_timestamp_seconds": at}.items():
        if math.isfinite(value):
            lines += [f"# TYPE {_PREFIX}_{name} gauge", f"{_PREFIX}_{name} {value!r}"]
    if seconds:
        lines.append(f"# TYPE {_PREFIX}_step_seconds gauge")
    lines += [
        f'{_PREFIX}_step_seconds{{step="{_escaped(step)}"}} {value!r}'
        for step, value in sorted(seconds.items())
        if math.isfinite(value)
    ]
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
