"""Bulk copies into the app's tables: types, retries and refusals."""

import json
from datetime import datetime

import numpy as np
import pytest

from tests.storage.app_database import AppDatabase
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.bulk import Columns, copy_batches, copy_rows

MARCH = 1_772_323_200_123  # 2026-03-01 00:00:00.123 UTC


def texts(*values: object) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def users(*names: str) -> Columns:
    ids = np.array([name.encode() for name in names], "S36")
    at = np.full(len(names), MARCH)
    return {
        "id": ids,
        "email": texts(*(f"{name}@example.org" for name in names)),
        "username": ids,
        "bio": texts(*([None, "", 'a "quoted", \\N line\nand another'] * len(names))[: len(names)]),
        "created_at": at,
        "updated_at": at,
    }


def test_values_arrive_as_they_are(app_database: AppDatabase) -> None:
    assert copy_rows(app_database.engine, "user", users("ann", "bob", "cem")) == 3
    rows = app_database.rows('SELECT id, bio, created_at FROM "user" ORDER BY id')
    march = datetime.fromisoformat("2026-03-01 00:00:00.123")
    assert rows == [
        ("ann", None, march),
        ("bob", "", march),
        ("cem", 'a "quoted", \\N line\nand another', march),
    ]


def test_arrays_and_json_arrive_as_they_are(app_database: AppDatabase) -> None:
    copy_rows(app_database.engine, "user", users("ann"))
    urls = ["https://x.org/a,b", 'quote " and \\ slash', "🦊", ""]
    posts = {
        "id": texts("p1", "p2", "p3"),
        "user_id": texts("ann", "ann", "ann"),
        "content": texts("one", "two", "🦊 {three}"),
        "media_urls": texts(urls, [], None),
        "created_at": np.full(3, MARCH),
        "updated_at": np.full(3, MARCH),
    }
    copy_rows(app_database.engine, "post", posts)
    assert app_database.rows("SELECT media_urls FROM post ORDER BY id") == [(urls,), ([],), (None,)]
    metadata = {"source": "feed", "duration": 1500}
    interactions = {
        "id": texts("i1", "i2", "i3"),
        "user_id": texts("ann", "ann", "ann"),
        "post_id": texts("p1", "p2", "p3"),
        "interaction_type": np.array([b"view", b"click", b"like"]),
        "metadata": texts(json.dumps(metadata), "null", None),
        "created_at": np.full(3, MARCH),
    }
    copy_rows(app_database.engine, "user_interaction", interactions)
    found = app_database.rows(
        "SELECT interaction_type, metadata, metadata IS NULL FROM user_interaction ORDER BY id"
    )
    assert found == [("view", metadata, False), ("click", None, False), ("like", None, True)]


def test_a_retry_adds_nothing_twice(app_database: AppDatabase) -> None:
    assert copy_rows(app_database.engine, "user", users("ann", "bob")) == 2
    assert copy_rows(app_database.engine, "user", users("ann", "bob", "cem")) == 1
    assert copy_rows(app_database.engine, "user", users("ann", "bob", "cem")) == 0
    assert app_database.rows('SELECT count(*) FROM "user"') == [(3,)]


def test_batches_are_written_by_several_connections(app_database: AppDatabase) -> None:
    batches = [users(*(f"{batch}-{row}" for row in range(10))) for batch in range(8)]
    assert sum(copy_batches(app_database.engine, "user", batches, connections=3)) == 80
    assert sum(copy_batches(app_database.engine, "user", batches, connections=3)) == 0


@pytest.mark.parametrize(
    ("bio", "message"),
    [
        ("a\0b", r"user\.bio, row 0: a NUL character"),
        ("\ud800", r"user\.bio holds something that is not text"),
        (7, r"user\.bio holds something that is not text"),
        (["a", None], r"user\.bio, row 0: a list may hold only text"),
    ],
)
def test_what_cannot_be_stored_is_named(
    app_database: AppDatabase, bio: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        copy_rows(app_database.engine, "user", {**users("ann", "bob"), "bio": texts(bio, "fine")})
    assert app_database.rows('SELECT count(*) FROM "user"') == [(0,)]
