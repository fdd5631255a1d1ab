"""What a step cost: told by its own materialization, and gathered for a run as a whole."""

import functools
import inspect
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

SECONDS = "step_seconds"
CPU = "step_cpu_seconds"
PEAK = "process_peak_mb"
ROWS = "dagster/row_count"
_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts memory."""


def measured(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let what an asset says of itself end with what it cost up to then.

    Where steps share a process, as in the small jobs, the peak is that of all of them so far.
    """

    @functools.wraps(function)
    def step(*given: Any, **named: Any) -> dg.MaterializeResult:
        began = _now()
        return _with_cost(function(*given, **named), began)

    @functools.wraps(function)
    def steps(*given: Any, **named: Any) -> Iterator[dg.MaterializeResult]:
        began = _now()
        for made in function(*given, **named):
            yield _with_cost(made, began)

    return steps if inspect.isgeneratorfunction(function) else step


def _now() -> tuple[float, float]:
    """Seconds on the clock, and of work on any core; the servers' work is their own."""
    return time.monotonic(), time.process_time()


def _with_cost(made: dg.MaterializeResult, began: tuple[float, float]) -> dg.MaterializeResult:
    clock, cpu = (round(end - start, 2) for start, end in zip(began, _now(), strict=True))
    cost = {SECONDS: clock, CPU: cpu, PEAK: round(_peak_mb(), 1)}
    return made._replace(metadata={**(made.metadata or {}), **cost})


def _peak_mb() -> float:
    """The most memory that this process ever held, in MB (resident set size)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e6


@dataclass(frozen=True, slots=True)
class StepCost:
    """A step that has ended; None for what it did not tell.

    seconds: from its start to its end; cpu: of work in its own process. peak_mb: of that process.
    """

    step: str
    seconds: float
    cpu: float | None
    peak_mb: float | None
    rows: int | None


def profile(instance: dg.DagsterInstance, run_id: str) -> list[StepCost]:
    """What each step of a run cost that has ended, in the order of their starts."""
    told: dict[str | None, dict[str, Any]] = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        if made := entry.asset_materialization:
            told[entry.step_key] = {name: value.value for name, value in made.metadata.items()}
    stats = [one for one in instance.get_run_step_stats(run_id) if one.start_time and one.end_time]
    return [
        StepCost(
            one.step_key,
            (one.end_time or 0) - (one.start_time or 0),
            *(told.get(one.step_key, {}).get(name) for name in (CPU, PEAK, ROWS)),
        )
        for one in sorted(stats, key=lambda one: one.start_time or 0)
    ]
