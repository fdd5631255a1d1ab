"""A refresh at scale beside the night: the real jobs on an embedded stack of its own.

    python -m benchmarks.refresh --users 100000 --posts 20000 --interactions 10000000

A night is published, and then refreshes for a fifth of the people, each after an hour of new
interactions: the first reads everything, the second what changed, and beside the third clients read
feeds and check each one. CPU seconds are those of all processes, PostgreSQL and S3 included. The
night fills an empty table, which costs less than replacing the rows of another night.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from benchmarks.feed_readers import Readers
from benchmarks.night import own_stack
from benchmarks.processes import Watch
from benchmarks.refresh_look_ups import look_ups
from benchmarks.report import write_report
from threads_pipelines import settings
from threads_pipelines.cli.dagster_process import launch_job
from threads_pipelines.cli.run import prepare
from threads_pipelines.storage.postgres import database

_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - as the table holds times
Row = dict[str, object]
NEW_INTERACTIONS = """
INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at)
SELECT gen_random_uuid()::text, u.id, p.id, 'view', now() AT TIME ZONE 'UTC'
FROM (SELECT id, row_number() OVER (ORDER BY random()) AS n
      FROM (SELECT id FROM "user") AS several
      ORDER BY random() LIMIT %(rows)s) AS u
JOIN (SELECT id, row_number() OVER (ORDER BY random()) AS n FROM post) AS p
  ON p.n = 1 + u.n %% (SELECT count(*) FROM post)
"""
NIGHT, REFRESH = "nightly_recommendations", "refresh_recommendations"


@click.command()
@click.option("--users", default=100_000, show_default=True, help="Accounts.")
@click.option("--posts", default=20_000, show_default=True, help="Original posts.")
@click.option("--interactions", default=10_000_000, show_default=True, help="Interactions.")
@click.option("--share", default=0.2, show_default=True, help="Share of people to refresh.")
@click.option("--readers", default=4, show_default=True, help="Clients beside the last refresh.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(
    users: int, posts: int, interactions: int, share: float, readers: int, out: Path | None
) -> None:
    """Measure a refresh beside the night that it follows."""
    folder = out or settings.load().state_dir / "bench"
    size = {"users": users, "posts": posts, "interactions": interactions, "gemma_texts": 0}
    population = {"resources": {"synthetic": {"config": size}}}
    people = {"resources": {"refreshed": {"config": {
        "active_hours": 744, "most_people": round(users * share)}}}}  # fmt: skip
    an_hour = interactions // (30 * 24)
    today, found = datetime.now(UTC), []
    with own_stack() as loaded:
        prepare(loaded)
        launch_job(loaded, "generate_synthetic_data", run_config=population)
        as_of = today - timedelta(hours=1)
        config = {"ops": {"interaction_matrix": {"config": {"as_of": as_of.isoformat()}}}}
        found.append(measured("night", loaded, NIGHT, f"{today:%Y-%m-%d}", config))
        for what in ("refresh that reads everything", "refresh that reads what changed"):
            act(loaded, an_hour)
            found.append(measured(what, loaded, REFRESH, None, people))
        act(loaded, an_hour)
        reading = Readers(loaded.database_url, readers)
        beside = measured(f"refresh beside {readers} readers", loaded, REFRESH, None, people)
        found.append({**beside, **reading.stop()})
        read = look_ups(database.connect(loaded.database_url))
    click.echo(write_report("refresh_look_ups", read, folder, title="Look-ups of a refresh"))
    night = float(str(found[0]["CPU s"]))
    shown = [{**row, "CPU to the night's": float(str(row["CPU s"])) / night} for row in found]
    title = f"A refresh of {share:.0%} of {users:,} people, {interactions:,} interactions"
    click.echo(write_report("refresh", shown, folder, title=title, bars="CPU s"))


def measured(
    what: str, loaded: settings.Settings, job: str, partition: str | None, config: dict[str, Any]
) -> Row:
    """Launch a job and watch what it takes."""
    latest, began = latest_generation(loaded), time.monotonic()
    with Watch() as seen:
        launch_job(loaded, job, partition=partition, run_config=config)
    row: Row = {
        "what": what,
        "seconds": time.monotonic() - began,
        "CPU s": sum(seen.cpu.values()),
        **{f"CPU s, {role}": seconds for role, seconds in seen.cpu.items()},
        "peak MB, all together": seen.together,
        "peak MB, one process of ours": max(
            peak for role, peak in seen.peak.items() if "step" in role or "own" in role
        ),
        "rows in Dagster's storage": dagster_query(loaded, "count(*)"),
        "KB in Dagster's storage": dagster_query(loaded, "sum(pg_column_size(e.*)) / 1000"),
        "people written": people_after(loaded, latest),
    }
    click.echo(row, err=True)
    return row


def latest_generation(loaded: settings.Settings) -> datetime:
    """When the newest rows were made, naive UTC; 1970 where there are none."""
    return query(loaded, "SELECT max(generated_at) FROM user_recommendation") or _NEVER


def people_after(loaded: settings.Settings, instant: datetime) -> int:
    """How many people have rows that were made after an instant, naive UTC."""
    people = "SELECT count(DISTINCT user_id) FROM user_recommendation"
    return int(query(loaded, f"{people} WHERE generated_at > %(instant)s", instant=instant))


def dagster_query(loaded: settings.Settings, aggregate: str) -> int:
    """An aggregate over the events of the latest run."""
    latest = "SELECT run_id FROM runs ORDER BY id DESC LIMIT 1"
    statement = f"SELECT {aggregate} FROM event_logs AS e WHERE run_id = ({latest})"
    return int(_value(loaded.dagster_database_url, statement, {}))


def query(loaded: settings.Settings, statement: str, **given: object) -> Any:
    """The single value that a statement returns."""
    return _value(loaded.database_url, statement, given)


def _value(url: str, statement: str, given: dict[str, object]) -> Any:
    engine = database.connect(url)
    with database.session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement, given)
        ((value,),) = cursor.fetchall()
    engine.dispose()
    return value


def act(loaded: settings.Settings, rows: int) -> None:
    """Let people view so many posts just now."""
    engine = database.connect(loaded.database_url)
    with database.session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(NEW_INTERACTIONS, {"rows": rows})
        connection.commit()
    engine.dispose()


if __name__ == "__main__":
    main()
