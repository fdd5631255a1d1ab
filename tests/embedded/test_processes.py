"""Processes that outlive whoever started them."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from threads_pipelines.embedded.processes import is_running, spawn


def test_parts_start_and_stop_in_threads(tmp_path: Path) -> None:
    def live(number: int) -> None:
        for _ in range(15):
            record = spawn(
                ["sleep", "0.01"], port=0, log=tmp_path / f"{number}.log", folder=tmp_path,
                environment={"PATH": os.environ["PATH"]},
            )  # fmt: skip
            while is_running(record):
                pass

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(live, number) for number in range(4)]:
            done.result()
