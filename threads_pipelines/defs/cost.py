"""The cost of each step: recorded in its materialization, and collected for a whole run."""

import functools
import inspect
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from threads_pipelines.defs.orphans import end_with_the_run

SECONDS = "step_seconds"
CPU = "step_cpu_seconds"
PEAK = "process_peak_mb"
ROWS = "dagster/row_count"
_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts memory."""


def measured(function: Callable[..., Any]) -> Callable[..., Any]:
    """Append elapsed time, CPU time and peak memory to the asset's metadata.

    If steps share a process, as in small jobs, the peak is that of all steps so far.

    Args:
        function: The body of an asset: a function or a generator function.

    Returns:
        The wrapped function.
    """

    @functools.wraps(function)
    def step(*given: Any, **named: Any) -> dg.MaterializeResult:
        end_with_the_run()
        began = _now()
        return _with_cost(function(*given, **named), began)

    @functools.wraps(function)
    def steps(*given: Any, **named: Any) -> Iterator[dg.MaterializeResult]:
        end_with_the_run()
        began = _now()
        for made in function(*given, **named):
            yield _with_cost(made, began)

    return steps if inspect.isgeneratorfunction(function) else step


def _now() -> tuple[float, float]:
    """Return seconds on the clock, and seconds of CPU time of this process."""
    return time.monotonic(), time.process_time()


def _with_cost(made: dg.MaterializeResult, began: tuple[float, float]) -> dg.MaterializeResult:
    clock, cpu = (round(end - start, 2) for start, end in zip(began, _now(), strict=True))
    cost = {SECONDS: clock, CPU: cpu, PEAK: round(_peak_mb(), 1)}
    return made._replace(metadata={**(made.metadata or {}), **cost})


def _peak_mb() -> float:
    """Return the peak memory of this process in MB (resident set size)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e6


@dataclass(frozen=True, slots=True)
class StepCost:
    """Cost of a step that has ended; None for what was not recorded.

    Attributes:
        step: Name of the step.
        seconds: Elapsed time.
        cpu: CPU seconds of its own process.
        peak_mb: Peak memory of that process in MB.
        rows: Number of rows that it made.
    """

    step: str
    seconds: float
    cpu: float | None
    peak_mb: float | None
    rows: int | None


def profile(instance: dg.DagsterInstance, run_id: str) -> list[StepCost]:
    """Collect the cost of each finished step of a run.

    Args:
        instance: Dagster's instance.
        run_id: Id of the run.

    Returns:
        The costs, in the order in which the steps started.
    """
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
