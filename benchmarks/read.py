"""Reading interactions into arrays, next to ``pandas.read_sql`` and a COPY to nowhere.

    python -m benchmarks.read --rows 10000000

Each contender is a process of its own, which tells its seconds and peak memory. The COPY to nowhere
is made by the server: what it costs to look at the same columns of every row, and nothing else.
"""

import json
import subprocess
import sys
from pathlib import Path

import click
from sqlalchemy import Engine

from benchmarks.app_database import SINCE, add_people, app_database
from benchmarks.read_contenders import CONTENDERS
from benchmarks.report import write_report
from threads_pipelines import settings
from threads_pipelines.storage.postgres.database import session

*_, PEER = CONTENDERS
DAYS = 30
AS_OF = SINCE // 1000 + DAYS * 86_400
# Without indexes and keys, which reading does not use and filling would pay for.
FILL = """
DROP TABLE user_interaction;
CREATE TABLE user_interaction (
    id text NOT NULL, user_id text NOT NULL, post_id text NOT NULL,
    interaction_type text NOT NULL, metadata jsonb, created_at timestamp(3) NOT NULL
);
CREATE TEMPORARY TABLE people AS SELECT row_number() OVER () - 1 AS n, id FROM "user";
CREATE TEMPORARY TABLE items AS SELECT row_number() OVER () - 1 AS n, id FROM post;
ANALYZE people, items;
INSERT INTO user_interaction
SELECT md5(g::text)::uuid::text, people.id, items.id,
       (ARRAY['view', 'view', 'click', 'share'])[1 + g %% 4],
       '{"duration": 1500, "scroll_depth": 80, "source": "feed"}',
       to_timestamp(%(since)s) + g * interval '1 second' * %(step)s
FROM generate_series(1, %(rows)s) AS g
JOIN people ON people.n = (hashint4(g)::bigint + 2147483648) %% %(users)s
JOIN items ON items.n = (hashint4(-g)::bigint + 2147483648) %% %(posts)s
"""


@click.command()
@click.option("--rows", default=10_000_000, show_default=True, help="Interactions.")
@click.option("--users", default=100_000, show_default=True, help="Accounts.")
@click.option("--posts", default=20_000, show_default=True, help="Posts.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(rows: int, users: int, posts: int, out: Path | None) -> None:
    """Compare ways of reading all interactions."""
    with app_database() as engine:
        add_people(engine, users, posts)
        fill(engine, rows, users, posts)
        url = engine.url.render_as_string(hide_password=False)
        found = {name: in_a_process(name, url) for name in CONTENDERS}
    peer = found[PEER]
    table = [
        {
            "what": name,
            "seconds": one["seconds"],
            "peak MB": one["peak MB"],
            "times as fast as read_sql": peer["seconds"] / one["seconds"],
            "share of its memory": one["peak MB"] / peer["peak MB"],
        }
        for name, one in found.items()
    ]
    title = f"Reading {rows:,} interactions"
    folder = out or settings.load().state_dir / "bench"
    click.echo(write_report("read", table, folder, title=title, bars="seconds"))


def fill(engine: Engine, rows: int, users: int, posts: int) -> None:
    """Fill ``user_interaction`` on the server, in a month before ``AS_OF``."""
    given = {"rows": rows, "users": users, "posts": posts}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(FILL, {**given, "since": SINCE // 1000, "step": DAYS * 86_400 / rows})
        connection.commit()
    with session(engine, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) user_interaction")


def in_a_process(contender: str, url: str) -> dict[str, float]:
    """Run one contender; the address goes over its standard input."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.read_contenders", contender, str(AS_OF), str(DAYS)],
        input=url, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(process.stdout))


if __name__ == "__main__":
    main()
