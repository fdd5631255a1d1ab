"""Memory and CPU time of every process below this one, watched from outside."""

import threading
from collections import defaultdict
from collections.abc import Iterable

import psutil

INTERVAL = 0.2
# What is in the command line of a process, and what it then is; the first that is found counts.
ROLES = {
    "forkserver": "a step, or the server it is forked from",
    "threads_pipelines.runner.launch": "the run's own process",
    "weed": "S3 server",
    "postgres": "PostgreSQL, each of its processes",
}


class Watch:
    """Samples the resident memory and the CPU time of all descendants until it is left."""

    def __init__(self) -> None:
        self.peak: dict[str, float] = defaultdict(float)
        """Most MB of one process, by what it is; memory that processes share counts in each."""
        self.together = 0.0
        """Most MB of all at once, what they share counted once (by its proportional size)."""
        self.cpu: dict[str, float] = defaultdict(float)
        """CPU seconds by what a process is; of one that ends at most the last interval is missed.
        """
        self._last: dict[psutil.Process, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watch":
        for process in psutil.Process().children(recursive=True):
            self._last[process] = _cpu_seconds(process)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me, looks = psutil.Process(), 0
        while not self._stop.wait(INTERVAL):
            below = me.children(recursive=True)
            for process in below:
                try:
                    role = role_of(process.name(), process.cmdline())
                    self.peak[role] = max(self.peak[role], process.memory_info().rss / 1e6)
                    used = _cpu_seconds(process)
                    self.cpu[role] += used - self._last.get(process, 0.0)
                    self._last[process] = used
                except psutil.Error:  # it has ended
                    continue
            looks += 1
            if looks % 10 == 0:  # the proportional size is slow to find out
                self.together = max(self.together, proportional(below))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def role_of(name: str, arguments: list[str]) -> str:
    """What a process is."""
    said = " ".join([name, *arguments])
    return next((role for sign, role in ROLES.items() if sign in said), "any other")


def proportional(processes: Iterable[psutil.Process]) -> float:
    """MB of processes together."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6
