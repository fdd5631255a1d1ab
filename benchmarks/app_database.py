"""A PostgreSQL server and an app database of its own for a benchmark, gone when it ends."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.dataset.row_ids import row_ids
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.storage.postgres.bulk import copy_rows
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect

# As a server of this size would be set up. fsync stays on.
OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}
SINCE = 1_767_225_600_000
"""Epoch milliseconds at which the accounts and posts were made: 2026-01-01."""


@contextmanager
def app_database() -> Iterator[Engine]:
    """An engine of a database with the app's schema, on a server that nobody else uses."""
    parent = settings.load().state_dir
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="bench-"))
    stack = Stack(folder, ("postgres",), postgres_options=OPTIONS)
    try:
        engine = connect(sqlalchemy_url(stack.start()["DATABASE_URL"]))
        create_schema(engine)
        yield engine
        engine.dispose()
    finally:
        stack.stop()
        shutil.rmtree(folder)


def add_people(engine: Engine, users: int, posts: int) -> tuple[np.ndarray, np.ndarray]:
    """Add accounts and posts; returns their ids, sorted, as ``S36``."""
    user_ids = np.sort(row_ids("bench", "user", np.arange(users)))
    post_ids = np.sort(row_ids("bench", "post", np.arange(posts)))
    made = {"created_at": np.full(users, SINCE), "updated_at": np.full(users, SINCE)}
    copy_rows(engine, "user", {"id": user_ids, "email": user_ids, "username": user_ids, **made})
    made = {"created_at": np.full(posts, SINCE), "updated_at": np.full(posts, SINCE)}
    author = user_ids[np.arange(posts) % users]
    copy_rows(engine, "post", {"id": post_ids, "user_id": author, "content": post_ids, **made})
    return user_ids, post_ids
