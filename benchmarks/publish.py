"""Publishing, next to a COPY of the same rows into an empty table with the same indexes and keys.

    python -m benchmarks.publish --rows 1000000

The floor is measured before and after the second night, of which 70% of the pairs stay, on the same
server; the mean counts. Readers wait longer wherever cores are taken, so they are also measured
beside processes that only spin. ``to_sql`` is measured on fewer rows and compared with a COPY of as
many.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Engine

from benchmarks.app_database import add_people, app_database
from benchmarks.feed_readers import FEED, Readers
from benchmarks.report import write_report
from threads_pipelines import settings
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish

IDLE_SECONDS = 5.0
NEW_A_NIGHT = round(FEED * 0.3)
NIGHT = datetime.fromisoformat("2026-03-31 02:00:00")
DUMP = "COPY (SELECT * FROM user_recommendation ORDER BY user_id, post_id LIMIT {}) TO STDOUT"
FLOOR_TABLE = """
DROP TABLE IF EXISTS floor;
CREATE TABLE floor (LIKE user_recommendation INCLUDING ALL);
ALTER TABLE floor ADD FOREIGN KEY (user_id) REFERENCES "user" ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE floor ADD FOREIGN KEY (post_id) REFERENCES post ON DELETE CASCADE ON UPDATE CASCADE;
"""
Feeds = NDArray[np.int64]
Row = dict[str, object]


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows a night.")
@click.option("--posts", default=20_000, show_default=True, help="Posts there are.")
@click.option("--connections", default=2, show_default=True, help="Shards at the same time.")
@click.option("--readers", default=4, show_default=True, help="Clients that read meanwhile.")
@click.option("--peer-rows", default=20_000, show_default=True, help="Rows for to_sql.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(
    rows: int, posts: int, connections: int, readers: int, peer_rows: int, out: Path | None
) -> None:
    """Measure a second night, an identical re-run, to_sql, and what readers notice."""
    with app_database() as engine:
        people, items = add_people(engine, rows // FEED, posts)
        bench = Bench(engine, people.astype("U36"), items.astype("U36"), connections)
        nights = {"first night": bench.publish(0)}
        floors = [bench.floor(rows)]
        nights["second night, 70% of the pairs stay"] = bench.publish(1)
        floors.append(bench.floor(rows))
        nights["the same again"] = bench.publish(1)
        floor = float(np.mean(floors))
        found: list[Row] = [
            {"what": "floor: COPY into an empty table", "seconds": floor, "ratio": 1.0}
        ]
        found += [measured(name, report, floor) for name, report in nights.items()]
        small = bench.floor(peer_rows)
        for method in (None, "multi"):
            seconds = bench.to_sql(peer_rows, method)
            name = f"to_sql(method={method!r}), {peer_rows:,} rows"
            found.append({"what": name, "seconds": seconds, "ratio": seconds / small})
        found += bench.watched(readers)
    folder = out or settings.load().state_dir / "bench"
    title = f"Publishing {rows:,} rows over {connections} connections"
    click.echo(write_report("publish", found, folder, title=title, bars="ratio"))


def feeds_of(night: int, users: int, posts: int) -> Feeds:
    """(users, FEED) posts: fifty steps round the catalogue, of which each night drops fifteen."""
    rng = np.random.default_rng(1)
    start = rng.integers(posts, size=(users, 1))
    step = rng.integers(1, max(2, posts // (4 * FEED)), (users, 1))
    return (start + step * (np.arange(FEED) + NEW_A_NIGHT * night)) % posts


class Bench:
    """One database and what is done to it."""

    def __init__(self, engine: Engine, people: NDArray, items: NDArray, connections: int) -> None:
        self._engine, self._connections = engine, connections
        self._people, self._items = pa.array(people), pa.array(items)

    def source(self, night: int) -> Iterator[pa.Table]:
        """Rows as they come from the artefact; the score of a pair depends on the night."""
        feeds = feeds_of(night, len(self._people), len(self._items))
        score = np.linspace(0.9, 0.1, FEED) + night / 1000
        for start in range(0, len(feeds), 2000):
            part = feeds[start : start + 2000]
            users = np.repeat(np.arange(start, start + len(part)), FEED)
            yield pa.table(
                {
                    "user_id": self._people.take(pa.array(users)),
                    "post_id": self._items.take(pa.array(part.ravel())),
                    "score": np.tile(score, len(part)),
                }
            )

    def publish(self, night: int) -> PublishReport:
        """Publish a night, whose rows are ready as the floor's file is."""
        tables = list(self.source(night))
        at = NIGHT + timedelta(days=night)
        return publish(
            self._engine, tables, generated_at=at,
            expires_at=at + timedelta(hours=48), now=at, run_id=f"bench {night}",
            connections=self._connections, progress=lambda said: click.echo(said, err=True),
        )  # fmt: skip

    def floor(self, rows: int) -> float:
        """Seconds of COPY, in binary and sorted, into a table like the published one but empty."""
        with (
            tempfile.TemporaryFile(dir=settings.load().state_dir) as file,
            session(self._engine) as connection,
            connection.cursor() as cursor,
        ):
            cursor.copy_expert(DUMP.format(rows) + " (FORMAT binary)", file)
            cursor.execute(FLOOR_TABLE)
            connection.commit()
            file.seek(0)
            start = time.perf_counter()
            cursor.copy_expert("COPY floor FROM STDIN (FORMAT binary)", file, 1 << 20)
            connection.commit()
            return time.perf_counter() - start

    def to_sql(self, rows: int, method: str | None) -> float:
        """Seconds of pandas' own way into such a table."""
        with session(self._engine) as connection, connection.cursor() as cursor:
            cursor.execute(FLOOR_TABLE)
            connection.commit()
        frame = pd.read_sql(
            f"SELECT * FROM user_recommendation ORDER BY user_id, post_id LIMIT {rows}",
            self._engine,
        )
        start = time.perf_counter()
        frame.to_sql(
            "floor", self._engine, if_exists="append", index=False, method=method,  # type: ignore[arg-type]
            chunksize=1000,
        )  # fmt: skip
        return time.perf_counter() - start

    def watched(self, readers: int) -> list[Row]:
        """What clients who read all the time see and wait, idle and during a publish."""
        url = self._engine.url.render_as_string(hide_password=False)
        idle = Readers(url, readers)
        time.sleep(IDLE_SECONDS)
        found = [{"what": f"{readers} readers, idle", **idle.stop()}]
        beside = Readers(url, readers)
        with spinning(self._connections):
            time.sleep(IDLE_SECONDS)
        name = f"{readers} readers beside {self._connections} processes that only spin"
        found.append({"what": name, **beside.stop()})
        busy = Readers(url, readers)
        seconds = self.publish(2).seconds
        found.append(
            {"what": f"{readers} readers during a publish", "seconds": seconds, **busy.stop()}
        )
        quiet = float(str(found[0]["p99 ms"]))
        return [{**row, "ratio": float(str(row["p99 ms"])) / quiet} for row in found]


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """Busy processes that touch nothing: what readers wait for because cores are taken."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measured(what: str, report: PublishReport, floor: float) -> Row:
    """One line of the table."""
    return {
        "what": what,
        "seconds": report.seconds,
        "ratio": report.seconds / floor,
        "WAL MB": report.wal_bytes / 1e6,
        "rows written": report.inserted + report.updated + report.deleted,
    }


if __name__ == "__main__":
    main()
