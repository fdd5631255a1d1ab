"""Loads the statements of ``sql/`` by name; parameters are psycopg2's ``%(name)s``."""

from functools import cache

from threads_pipelines.project_files import SQL_DIR


@cache
def statement(name: str) -> str:
    """Text of ``sql/<name>.sql``; raises FileNotFoundError for a name that is not there."""
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
