"""What each look-up of a refresh costs on the app's own indexes: EXPLAIN (ANALYZE, BUFFERS).

    DATABASE_URL=postgresql://... python -m benchmarks.refresh_look_ups

Reads the database that ``DATABASE_URL`` names and changes nothing. ``benchmarks.refresh`` calls it
on its own database.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from benchmarks.report import Row, write_report
from threads_pipelines import settings
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES
from threads_pipelines.storage.postgres.database import connect, session
from threads_pipelines.storage.postgres.sql import statement

ACCOUNTS = 1000
"""Accounts whose older interactions changed and are read anew."""


def look_ups(engine: Engine) -> list[Row]:
    """Explain every statement of a refresh that reads, an hour after the last one."""
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT max(created_at) FROM user_interaction")
        ((as_of,),) = cursor.fetchall()
        cursor.execute('SELECT id FROM "user" ORDER BY md5(id) LIMIT %s', (ACCOUNTS,))
        accounts = [identifier for (identifier,) in cursor.fetchall()]
        last = as_of - timedelta(hours=1)
        given = {
            "since": last, "until": "infinity", "now": datetime.now(UTC).replace(tzinfo=None),
            "as_of": as_of, "after": last, "earlier": last, "seed": 0, "accounts": accounts,
            "types": list(INTERACTION_TYPES), "synthetic": "", "test_accounts": [],
        }  # fmt: skip
        rows: list[Row] = []
        for what, name, until in (
            ("has anything happened", "has_anything_happened", "infinity"),
            ("fingerprints of older interactions", "fingerprint_interactions", last),
            ("newer interactions", "read_new_interactions", last),
            (f"older interactions of {ACCOUNTS:,} accounts", "read_interactions_of", last),
            ("ages of all feeds", "read_feed_ages", last),
            *((f"all {name}", f"read_{name}", last) for name in ("users", "posts", "likes")),
            *((f"all {name}", f"read_{name}", last) for name in ("comments", "follows")),
        ):
            rows.append({"what": what, **explained(cursor, name, {**given, "until": until})})
    return rows


def explained(cursor: Any, name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Rows, buffers, milliseconds and the scans of one statement."""
    cursor.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + statement(name), given)
    ((found,),) = cursor.fetchall()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]
    root = plan["Plan"]
    return {
        "rows": root["Actual Rows"] * root["Actual Loops"],
        "buffers": root["Shared Hit Blocks"] + root["Shared Read Blocks"],
        "ms": round(plan["Execution Time"], 1),
        "by": ", ".join(dict.fromkeys(scans(root))),
    }


def scans(node: Mapping[str, Any]) -> Iterator[str]:
    """Name the indexes and the tables that are read whole."""
    if node.get("Actual Loops", 0):
        if "Index Name" in node:
            yield node["Index Name"]
        elif node["Node Type"] == "Seq Scan" and "Relation Name" in node:
            yield f"all of {node['Relation Name']}"
    for child in node.get("Plans", ()):
        yield from scans(child)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(out: Path | None) -> None:
    """Explain the look-ups of a refresh."""
    loaded = settings.load()
    folder = out or loaded.state_dir / "bench"
    found = look_ups(connect(loaded.database_url))
    click.echo(write_report("refresh_look_ups", found, folder, title="Look-ups of a refresh"))


if __name__ == "__main__":
    main()
