"""Posts that fake users looked at without acting; kept on S3, as the app stores no such event.

Without it they would look at the same posts at the top of their feeds every minute.
"""

import json
from collections.abc import Collection, Mapping

from threads_pipelines.storage.s3.objects import ObjectStore

KEY = "simulation/passed_over.json"

Passed = dict[str, set[str]]
"""Post ids by user id."""


def read_passed(store: ObjectStore) -> Passed:
    """Read what was kept; a damaged object counts as missing and is replaced."""
    found = store.get_with_tag(KEY)
    if found is None:
        return {}
    try:
        return {user: set(posts) for user, posts in json.loads(found[0]).items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def write_passed(store: ObjectStore, passed: Mapping[str, Collection[str]]) -> None:
    """Replace what was kept."""
    store.put_json(KEY, {user: sorted(posts) for user, posts in passed.items()})
