"""Posts that fake users looked at without acting; stored on S3, because the app has no such event.

Without this they would look at the same posts at the top of their feeds every minute.
"""

import json
from collections.abc import Collection, Mapping

from threads_pipelines.storage.s3.objects import ObjectStore

KEY = "simulation/passed_over.json"

Passed = dict[str, set[str]]
"""Post ids by user id."""


def read_passed(store: ObjectStore) -> Passed:
    """Read the posts that fake users passed over.

    A damaged object counts as missing and is replaced.

    Args:
        store: The bucket.

    Returns:
        Ids of posts by id of the fake user.
    """
    found = store.get_with_tag(KEY)
    if found is None:
        return {}
    try:
        return {user: set(posts) for user, posts in json.loads(found[0]).items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def write_passed(store: ObjectStore, passed: Mapping[str, Collection[str]]) -> None:
    """Replace the stored posts.

    Args:
        store: The bucket.
        passed: Ids of posts by id of the fake user.
    """
    store.put_json(KEY, {user: sorted(posts) for user, posts in passed.items()})
