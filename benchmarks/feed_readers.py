"""Clients that read feeds as the app does and check each one; a process of its own.

Reads the database's address from the first line of its standard input and goes on until that is
closed. Prints one JSON line: reads, how many were empty, partial or mixed, p50 and p99 in ms.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import psycopg2

FEED = 50
QUERY = """
SELECT r.generated_at, p.content, u.username
FROM user_recommendation r
JOIN post p ON p.id = r.post_id
JOIN "user" u ON u.id = p.user_id
WHERE r.user_id = %s AND r.expires_at > '2026-03-31'
ORDER BY r.score DESC
LIMIT 50
"""


class Readers:
    """Reader processes' handle, for the benchmark that starts them."""

    def __init__(self, url: str, clients: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(clients)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(url.replace("+psycopg2", "") + "\n")
        self._process.stdin.flush()

    def stop(self) -> dict[str, float]:
        """End them and return what they found."""
        said, _ = self._process.communicate()
        return dict(json.loads(said))


def read(url: str, users: list[str], stop: threading.Event, seen: Counter, waits: list) -> None:
    """Read until told to stop."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while not stop.is_set():
            start = time.perf_counter()
            cursor.execute(QUERY, (random.choice(users),))
            rows = cursor.fetchall()
            waits.append(time.perf_counter() - start)
            seen["empty"] += not rows
            seen["partial"] += 0 < len(rows) < FEED
            seen["mixed"] += len({generated_at for generated_at, *_ in rows}) > 1
    connection.close()


def main() -> None:
    url = sys.stdin.readline().strip()
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT user_id FROM user_recommendation")
        users = [user for (user,) in cursor.fetchall()]
    stop, seen, waits = threading.Event(), Counter(), []  # type: ignore[var-annotated]
    threads = [
        threading.Thread(target=read, args=(url, users, stop, seen, waits))
        for _ in range(int(sys.argv[1]))
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    p50, p99 = np.percentile(waits, [50, 99]) * 1000
    print(json.dumps({"reads": len(waits), **seen, "p50 ms": p50, "p99 ms": p99}))


if __name__ == "__main__":
    main()
