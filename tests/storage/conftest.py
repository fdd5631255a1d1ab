"""The app's database, empty, and a few lines to fill it with literal rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from psycopg2 import sql
from sqlalchemy import Engine

from threads_pipelines import settings
from threads_pipelines.storage.contract import create_schema
from threads_pipelines.storage.database import connect, session


@dataclass(frozen=True, slots=True)
class AppDatabase:
    """A database with the app's tables."""

    engine: Engine
    url: str = field(repr=False)

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        """Insert rows, each with its own columns."""
        with session(self.engine) as connection, connection.cursor() as cursor:
            for row in rows:
                cursor.execute(
                    sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                        sql.Identifier(table),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                    ),
                    list(row.values()),
                )
            connection.commit()

    def users(self, *ids: str, **columns: Any) -> None:
        """Insert real accounts."""
        self.insert(
            "user",
            *(
                {
                    "id": one,
                    "email": f"{one}@example.org",
                    "username": one,
                    "created_at": "2026-01-01",
                    "updated_at": "2026-01-01",
                    **columns,
                }
                for one in ids
            ),
        )

    def posts(self, author: str, *ids: str, **columns: Any) -> None:
        """Insert posts of one author."""
        self.insert(
            "post",
            *(
                {
                    "id": one,
                    "user_id": author,
                    "content": f"text of {one}",
                    "created_at": "2026-01-02",
                    "updated_at": "2026-01-02",
                    **columns,
                }
                for one in ids
            ),
        )

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Result of a query, committed."""
        with session(self.engine) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            found = cursor.fetchall() if cursor.description else []
            connection.commit()
            return found


@pytest.fixture(scope="session")
def _shared_database(postgres_server: str) -> Iterator[AppDatabase]:
    server = connect(settings.sqlalchemy_url(postgres_server))
    with session(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE storage_tests TEMPLATE template0")
    server.dispose()
    url = settings.sqlalchemy_url(postgres_server.replace("/postgres", "/storage_tests"))
    engine = connect(url)
    assert create_schema(engine)
    yield AppDatabase(engine, url)
    engine.dispose()


@pytest.fixture
def app_database(_shared_database: AppDatabase) -> AppDatabase:
    """A database with the app's schema and no rows; the schema is shared: do not alter it."""
    _shared_database.rows('TRUNCATE "user" CASCADE')
    return _shared_database


@pytest.fixture
def own_database(database_url: str) -> Iterator[AppDatabase]:
    """A database with the app's schema that a test may alter."""
    engine = connect(database_url)
    assert create_schema(engine)
    yield AppDatabase(engine, database_url)
    engine.dispose()
