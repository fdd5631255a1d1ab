"""One contender of the reading benchmark in a process of its own.

    echo ADDRESS | python -m benchmarks.read_contenders CONTENDER AS_OF DAYS

Prints one JSON line: seconds, peak memory in MB, rows.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from threads_pipelines.storage.postgres.database import connect, session

COLUMNS = "SELECT user_id, post_id, interaction_type, created_at FROM user_interaction"


Read = Callable[[Engine, int, int], int]


def copy_to_nowhere() -> Read:
    def read(engine: Engine, _as_of: int, _days: int) -> int:
        with session(engine) as connection, connection.cursor() as cursor:
            cursor.execute(f"COPY ({COLUMNS}) TO '/dev/null' (FORMAT binary)")
            return cursor.rowcount

    return read


def read_snapshot() -> Read:
    from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot

    def read(engine: Engine, as_of: int, days: int) -> int:
        snapshot, _ = read_snapshot(engine, as_of, timedelta(days=days))
        return len(snapshot.interactions)

    return read


def pandas_read_sql() -> Read:
    import pandas as pd

    return lambda engine, _as_of, _days: len(pd.read_sql(COLUMNS, engine))


# Each is imported before its time is taken, and only what it needs.
CONTENDERS: dict[str, Callable[[], Read]] = {
    "COPY to nowhere": copy_to_nowhere,
    "read_snapshot: arrays, CSR, ids mapped back": read_snapshot,
    "pandas.read_sql: ids as text": pandas_read_sql,
}


def main(contender: str, as_of: str, days: str) -> None:
    read = CONTENDERS[contender]()
    engine = connect(sys.stdin.readline().strip())
    start = time.perf_counter()
    rows = read(engine, int(as_of), int(days))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak MB": peak(), "rows": rows}))


def peak() -> float:
    """Largest resident memory of this process in MB; getrusage's still holds its parent's."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:  # macOS, where it counts in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
