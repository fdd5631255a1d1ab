"""Loads the statements of ``sql/`` by name; parameters are psycopg2's ``%(name)s``."""

from functools import cache

from threads_pipelines.project_files import SQL_DIR


@cache
def statement(name: str) -> str:
    """Read the text of ``sql/<name>.sql``.

    Args:
        name: Name of the statement.

    Returns:
        The SQL, with parameters in the form ``%(name)s``.

    Raises:
        FileNotFoundError: There is no such statement.
    """
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
