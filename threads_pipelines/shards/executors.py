"""The one seam between the tasks and what runs them: threads here, or workers of Dask anywhere."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from threads_pipelines.errors import ConfigurationError, SchedulerError

VARIABLE = "THREADS_DASK_SCHEDULER"
RETRIES = 3
"""Times that Dask gives a shard to another worker after the first one died or failed."""
_SECONDS = "30s"

Task = TypeVar("Task")
Done = TypeVar("Done")


@contextmanager
def open_executor(scheduler: str | None) -> Iterator[Executor]:
    """Yield what runs the tasks.

    Args:
        scheduler: address of a Dask scheduler, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``. None
            runs the tasks here, one after the other: each uses every core by itself.

    Yields:
        An executor. What it is given must be importable and picklable by the workers.

    Raises:
        ConfigurationError: where a scheduler is named and Dask is not installed.
        SchedulerError: where the scheduler does not answer.
    """
    if scheduler is None:
        with ThreadPoolExecutor(1, "shard") as threads:
            yield threads
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            f"{VARIABLE} names a scheduler, but Dask is not installed: install "
            "threads-pipelines[dask], or unset the variable"
        ) from error
    try:
        client: Any = Client(scheduler, timeout=_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"no Dask scheduler answers at {scheduler} ({type(error).__name__}): start it, correct "
            f"{VARIABLE}, or unset it to work on this machine alone"
        ) from error
    try:
        yield client.get_executor(pure=False, retries=RETRIES)
    finally:
        client.close(timeout=5)


def run_tasks(
    executor: Executor, work: Callable[[Task], Done], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Done]]:
    """Run ``work`` for every task.

    Args:
        executor: what ``open_executor`` yields.
        work: a function of a module, which the workers import.
        tasks: what it is called with.

    Yields:
        Each task with its result, in the order in which they end.

    Raises:
        SchedulerError: where the scheduler or all workers are gone before the end. Whatever
            ``work`` raises passes unchanged.
    """
    waiting: dict[Any, Task] = {executor.submit(work, task): task for task in tasks}
    try:
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    except CancelledError as error:
        raise SchedulerError(
            "the Dask scheduler is gone, and what it held with it: start it, then retry the run; "
            "shards that were finished stay"
        ) from error
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # of Dask, which need not be installed
            raise SchedulerError(
                f"a shard lost {RETRIES + 1} workers of Dask, one after the other: look at their "
                "logs and memory, then retry the run; shards that were finished stay"
            ) from error
        raise
    finally:
        for future in waiting:
            future.cancel()
