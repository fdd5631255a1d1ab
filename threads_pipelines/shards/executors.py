"""Opens the executor of the tasks: this process, or Dask workers on any machine."""

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
    """Yield an executor for the tasks.

    Args:
        scheduler: Address of a Dask scheduler, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``. None
            runs the tasks here one after the other, because each uses every core.

    Yields:
        The executor. Its functions and arguments must be importable and picklable by the workers.

    Raises:
        ConfigurationError: A scheduler is named, but Dask is not installed.
        SchedulerError: The scheduler does not answer.
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
    """Call a function for every task.

    Args:
        executor: An executor of ``open_executor``.
        work: A function of a module that the workers can import.
        tasks: Arguments of the calls.

    Yields:
        Each task with its result, in the order of completion.

    Raises:
        SchedulerError: The scheduler or all workers are lost. Exceptions of ``work`` pass
            unchanged.
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
