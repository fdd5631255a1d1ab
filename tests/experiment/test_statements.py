"""The experiment's SQL on a real PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.experiment.assignment import draw
from threads_pipelines.storage.postgres.sql import statement

IDS = ["a", "b", "ü", "Z"]


@pytest.fixture
def app(database_url: str) -> Iterator[Connection]:
    """The app's tables without the experiment's column, and a few accounts."""
    connection = psycopg2.connect(database_url.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True
    execute(connection, statement("schema"))
    for identifier in IDS:
        execute(
            connection,
            'INSERT INTO "user" (id, email, username, updated_at)'
            " VALUES (%(id)s, %(id)s || '@x', %(id)s, now())",
            id=identifier,
        )
    yield connection
    connection.close()


def execute(connection: Connection, text: str, **values: Any) -> tuple[int, list[tuple]]:
    """Run a statement; its row count and its rows."""
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.rowcount, cursor.fetchall() if cursor.description else []


def test_accounts_are_read_without_the_column(app: Connection) -> None:
    rows = execute(app, statement("read_experiment_accounts"))[1]
    assert rows == [(one, f"{one}@x", None) for one in ["Z", "a", "b", "ü"]]


def test_groups_are_written_only_where_they_differ(app: Connection) -> None:
    execute(app, statement("experiment_group"))
    given = {"ids": ["a", "b", "gone"], "groups": ["treatment", "control", "treatment"]}

    ((first, _),) = execute(app, statement("assign_experiment_groups"), **given)[1]
    ((again, _),) = execute(app, statement("assign_experiment_groups"), **given)[1]

    rows = execute(app, statement("read_experiment_accounts"))[1]
    assert (first, again) == (1, 0)
    assert {row[0]: row[2] for row in rows} == {
        "Z": "control",
        "a": "treatment",
        "b": "control",
        "ü": "control",
    }


def test_database_draws_the_same_lots(app: Connection) -> None:
    """The formula in ``draw``'s docstring."""
    rows = execute(
        app,
        "SELECT id, get_byte(sha256(convert_to('feed/' || id, 'UTF8')), 0) >> 7 FROM \"user\"",
    )[1]
    assert dict(rows) == dict(zip(IDS, draw("feed", IDS).tolist(), strict=True))


def test_events_are_read_whatever_the_client_sent(app: Connection) -> None:
    execute(
        app,
        """
        INSERT INTO post (id, user_id, content, updated_at) VALUES ('p', 'a', 'text', now());
        INSERT INTO comment (id, user_id, post_id, content, created_at, updated_at)
        VALUES ('c', 'b', 'p', 'text', '2026-01-01 12:00', now());
        INSERT INTO user_interaction (id, user_id, post_id, interaction_type, metadata, created_at)
        SELECT row_number() OVER ()::text, 'a', 'p', kind, metadata::jsonb, at::timestamp
        FROM (VALUES
          ('view', '{"duration": 1500, "scroll_depth": 8, "source": "feed"}', '2026-01-01 00:00'),
          ('view', '{"duration": "long", "source": "profile"}', '2026-01-01 00:01'),
          ('view', '{"duration": 1e400, "source": ["feed"]}', '2026-01-01 00:02'),
          ('click', 'null', '2026-01-01 00:03'),
          ('like', NULL, '2026-01-01 00:04'),
          ('share', '[1]', '2026-01-01 00:05'),
          ('hover', '{"source": "feed"}', '2026-01-01 00:06'),
          ('view', '{"source": "feed"}', '2026-01-02 00:00'),
          ('view', '{"source": "feed"}', 'infinity')
        ) AS t (kind, metadata, at);
        """,
    )

    rows = execute(
        app, statement("read_experiment_events"), since="2026-01-01", until="2026-01-02"
    )[1]

    midnight = 1_767_225_600
    assert sorted(rows, key=lambda row: row[2]) == [
        ("a", 0, midnight, True, 1500.0),
        ("a", 0, midnight + 60, False, None),
        ("a", 0, midnight + 120, False, 86_400_000.0),
        ("a", 1, midnight + 180, False, None),
        ("a", 2, midnight + 240, False, None),
        ("a", 3, midnight + 300, False, None),
        ("b", 4, midnight + 12 * 3600, False, None),
    ]
