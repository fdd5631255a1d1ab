"""Five faults to plant: the machine has to find each, or it finds nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES
from threads_pipelines.storage import feeds_to_publish
from threads_pipelines.storage.postgres.publishing import shard_writer
from threads_pipelines.storage.postgres.reading import snapshot
from threads_pipelines.storage.postgres.reading.rules import snapshot_of
from threads_pipelines.storage.postgres.sql import statement

_NEWER = "f.generated_at > %(generated_at)s AND f.expires_at > %(now)s AS newer"
_PAGE = """
INSERT INTO user_recommendation (id, user_id, post_id, score, generated_at, expires_at)
SELECT gen_random_uuid()::text, page.user_id, page.post_id, page.score, %s, %s
FROM unnest(%s::text[], %s::text[], %s::float8[]) AS page (user_id, post_id, score)
JOIN "user" u ON u.id = page.user_id JOIN post p ON p.id = page.post_id
ON CONFLICT (user_id, post_id) DO UPDATE
SET score = excluded.score, generated_at = excluded.generated_at, expires_at = excluded.expires_at
"""


def page_by_page(patch: pytest.MonkeyPatch) -> None:
    """Commit the first row of a shard before all of it is written."""

    def first(cursor: Any, writer: Any, shard: Any) -> None:
        made = writer._generation
        user, post = (
            shard.users[int(shard.user[0])].as_py(),
            shard.posts[int(shard.post[0])].as_py(),
        )
        given = ([user], [post], [float(shard.score[0])])
        cursor.execute(_PAGE, (made.generated_at, made.expires_at, *given))

    _before_each_shard(patch, first)


def delete_before_write(patch: pytest.MonkeyPatch) -> None:
    """Commit the deletion of the old rows before the new ones are written."""

    def delete(cursor: Any, _writer: Any, shard: Any) -> None:
        query = "DELETE FROM user_recommendation WHERE user_id = ANY(%s)"
        cursor.execute(query, (shard.users.to_pylist(),))

    _before_each_shard(patch, delete)


def ignore_the_generation(patch: pytest.MonkeyPatch) -> None:
    """Write over newer feeds."""
    original = statement

    def careless(name: str) -> str:
        return original(name).replace(_NEWER, "false AS newer")

    assert careless("publish_recommendations") != original("publish_recommendations")
    patch.setattr(shard_writer, "statement", careless)


def forget_unlikes(patch: pytest.MonkeyPatch) -> None:
    """Learn from every like that ever was."""
    original = snapshot_of

    def forgetful(tables: Any, *given: Any) -> Any:
        events, likes = tables.events, tables.likes
        were = events.kind == INTERACTION_TYPES.index("like")
        columns = ("left", "user"), ("right", "post"), ("offset", "offset")
        joined = {
            ours: np.concatenate([getattr(likes, ours), getattr(events, theirs)[were]])
            for ours, theirs in columns
        }
        return original(replace(tables, likes=replace(likes, **joined)), *given)

    patch.setattr(snapshot, "snapshot_of", forgetful)


def ignore_the_pin(patch: pytest.MonkeyPatch) -> None:
    """Let the night publish its own version, whatever is pinned."""
    patch.setattr(feeds_to_publish, "read_pin", lambda _store: None)


PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    plant.__name__: plant
    for plant in (
        page_by_page,
        delete_before_write,
        ignore_the_generation,
        forget_unlikes,
        ignore_the_pin,
    )
}


def _before_each_shard(patch: pytest.MonkeyPatch, change: Callable[[Any, Any, Any], None]) -> None:
    original = shard_writer.ShardWriter._write

    def write(writer: Any, shard: Any) -> Any:
        with writer._connection.cursor() as cursor:
            change(cursor, writer, shard)
        writer._connection.commit()
        return original(writer, shard)

    patch.setattr(shard_writer.ShardWriter, "_write", write)
