"""The app's database in a test, and a few lines to fill it with literal rows."""

from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql
from sqlalchemy import Engine

from threads_pipelines.storage.postgres.database import session


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
