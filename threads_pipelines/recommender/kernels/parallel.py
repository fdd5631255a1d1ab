"""Runs work on blocks of rows in threads: the compiled loops release the interpreter lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_blocks(work: Callable[[int, int], None], n: int, size: int) -> None:
    """Call ``work(low, high)`` for consecutive ranges that cover 0 … n, several at a time.

    Args:
        work: Processes the rows in [low, high). It must be safe to run in several threads.
        n: Number of rows.
        size: Rows of a block, at least 1.
    """
    ranges = [(low, min(low + size, n)) for low in range(0, n, size)]
    if len(ranges) <= 1 or THREADS == 1:
        for low, high in ranges:
            work(low, high)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, low, high) for low, high in ranges]:
            done.result()
