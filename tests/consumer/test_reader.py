"""What the app reads, through Prisma, from the tables that the pipeline writes."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 (it is a class)

from tests.consumer import reader
from threads_pipelines.project_files import PROJECT_ROOT, SQL_DIR

ZONES = ("UTC", "Asia/Taipei", "America/New_York")
CONTROL, TREATED, QUIET, AUTHOR = "control-1", "treated-1", "quiet-1", "author-1"


@pytest.fixture(scope="session")
def migration(reader_folder: Path, postgres_server: str) -> str:
    """The SQL that Prisma makes of the app's models."""
    reader.npm(reader_folder, "run", "migration", DATABASE_URL=postgres_server)
    return (reader_folder / "migration.sql").read_text()


@pytest.fixture
def database(migration: str, database_url: str) -> Iterator[Connection]:
    """The app's database as its own migrations make it."""
    connection = psycopg2.connect(reader.prisma_url(database_url))
    connection.autocommit = True
    execute(connection, migration)
    yield connection
    connection.close()


def execute(connection: Connection, statement: str, *values: object) -> list[tuple]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def add_user(connection: Connection, user: str, group: str) -> None:
    execute(
        connection,
        'INSERT INTO "user" (id, email, username, updated_at, experiment_group)'
        " VALUES (%s, %s, %s, '2025-01-01', %s)",
        *(user, f"{user}@example.com", user, group),
    )


def add_post(connection: Connection, post: str, author: str, original: str | None = None) -> None:
    execute(
        connection,
        "INSERT INTO post (id, user_id, content, media_urls, original_post_id, updated_at)"
        " VALUES (%s, %s, 'text', '{}', %s, '2025-01-01')",
        *(post, author, original),
    )


def recommend(
    connection: Connection, user: str, post: str, score: float, at: datetime, lasts: timedelta
) -> None:
    """Write one row as the pipeline does: naive UTC in a session of its own choice."""
    execute(connection, "SET TIME ZONE 'UTC'")
    naive = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    execute(
        connection,
        "INSERT INTO user_recommendation VALUES (%s, %s, %s, %s, %s, %s)",
        *(str(uuid.uuid4()), user, post, score, naive, naive + lasts),
    )


@pytest.fixture
def filled(database: Connection) -> datetime:
    """Four accounts and six posts; the instant at which the rows were generated."""
    now = datetime.now(UTC).replace(microsecond=0)
    for user, group in (
        (CONTROL, "control"),
        (TREATED, "treatment"),
        (QUIET, "treatment"),
        (AUTHOR, "control"),
    ):
        add_user(database, user, group)
    for index in range(6):
        add_post(database, f"post-{index}", AUTHOR)
    hour = timedelta(hours=1)
    for user in (CONTROL, TREATED):
        for index, score in enumerate((0.25, 0.75, 0.5)):
            recommend(database, user, f"post-{index}", score, now, 36 * hour)
        # Half an hour to either side of now: a time zone that leaks in moves them by hours.
        recommend(database, user, "post-3", 1.0, now - 4 * hour, 3.5 * hour)
        recommend(database, user, "post-4", 0.1, now - 4 * hour, 4.5 * hour)
    recommend(database, QUIET, "post-5", 0.9, now - 48 * hour, 36 * hour)
    return now


@pytest.mark.parametrize("zone", ZONES)
def test_feed_whatever_the_time_zone(
    zone: str, reader_folder: Path, database_url: str, database: Connection, filled: datetime
) -> None:
    name = database.info.dbname
    execute(database, f"ALTER DATABASE {name} SET timezone TO '{zone}'")

    server = reader.read(reader_folder, database_url, process_zone=zone)
    session = reader.read(reader_folder, database_url, session_zone=zone)

    assert server.faults == []
    assert server.zone == session.zone == zone
    assert server.feeds == session.feeds
    treated = server.feeds[TREATED]
    assert [post["post"] for post in treated["posts"]] == ["post-1", "post-2", "post-0", "post-4"]
    assert [post["score"] for post in treated["posts"]] == [0.75, 0.5, 0.25, 0.1]
    assert {post["author"] for post in treated["posts"]} == {AUTHOR}
    generated = [datetime.fromisoformat(post["generatedAt"]) for post in treated["posts"]]
    assert generated == [filled] * 3 + [filled - timedelta(hours=4)]
    expires = datetime.fromisoformat(treated["posts"][0]["expiresAt"])
    assert expires == filled + timedelta(hours=36)
    assert {user: feed["source"] for user, feed in server.feeds.items()} == {
        CONTROL: "random",
        TREATED: "ml_recommendations",
        QUIET: "random_fallback",
    }


def test_reader_sees_what_breaks_the_contract(
    reader_folder: Path, database_url: str, database: Connection, filled: datetime
) -> None:
    add_post(database, "own", TREATED)
    add_post(database, "repost", AUTHOR, original="post-0")
    for post in ("own", "repost"):
        recommend(database, TREATED, post, 0.9, filled, timedelta(hours=1))

    seen = reader.read(reader_folder, database_url, [TREATED]).faults

    assert sorted(seen) == [
        f"{TREATED}: own is own or a repost",
        f"{TREATED}: repost is own or a repost",
    ]


def test_local_time_in_the_table_shows(
    reader_folder: Path, database_url: str, database: Connection, filled: datetime
) -> None:
    """A writer that forgot UTC: what lasts half an hour in Taipei is read as 8.5 hours."""
    wrong = datetime.now(ZoneInfo("Asia/Taipei")).replace(tzinfo=UTC)
    recommend(database, QUIET, "post-0", 0.5, wrong, timedelta(minutes=30))

    feed = reader.read(reader_folder, database_url, [QUIET]).feeds[QUIET]

    assert feed["source"] == "ml_recommendations"
    left = datetime.fromisoformat(feed["posts"][0]["expiresAt"]) - filled
    assert left > timedelta(hours=8)


def test_missing_user_is_an_error_without_secrets(
    reader_folder: Path, database_url: str, database: Connection
) -> None:
    with pytest.raises(RuntimeError) as caught:
        reader.read(reader_folder, database_url, ["nobody"])

    assert "No record was found" in str(caught.value)
    assert "postgresql://" not in str(caught.value)


def test_our_tables_are_what_prisma_would_make(database: Connection) -> None:
    theirs = catalogue(database)
    execute(database, "DROP SCHEMA public CASCADE")
    execute(database, "CREATE SCHEMA public")
    execute(database, (SQL_DIR / "schema.sql").read_text())
    execute(database, (SQL_DIR / "experiment_group.sql").read_text())

    ours = catalogue(database)

    assert len(ours) > 60
    assert ours == theirs


def catalogue(connection: Connection) -> list[tuple]:
    """Every column, index and constraint of the schema, as text."""
    return execute(
        connection,
        """
        SELECT table_name, column_name, concat_ws(' ', udt_name, character_maximum_length,
               datetime_precision, is_nullable, column_default) AS definition
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3
        """,
    )


def test_readme_shows_the_feed_that_was_compiled(reader_folder: Path) -> None:
    assert (reader_folder / "dist" / "feed.js").exists()
    source = (reader.SOURCES / "feed.ts").read_text()
    assert source in (PROJECT_ROOT / "README.md").read_text()
