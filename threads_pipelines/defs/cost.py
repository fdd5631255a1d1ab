"""What a step cost, in its own materialization: its time, and the most memory of its process."""

import functools
import inspect
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

SECONDS = "step_seconds"
CPU = "step_cpu_seconds"
PEAK = "process_peak_mb"
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
