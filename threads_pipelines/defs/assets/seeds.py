"""Seeds: the hand-written posts and archetypes, read from S3 and validated."""

from collections import Counter

import dagster as dg

from threads_pipelines.content.seeds import SeedPost, SeedUser, parse_seed_posts, parse_seed_users
from threads_pipelines.defs.common import (
    asset,
    blocking,
    columns,
    preview,
    result,
    rows_made,
)
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.storage.s3.objects import ObjectStore


def read_seed_posts(store: ObjectStore) -> tuple[SeedPost, ...]:
    """Read and validate the seed posts.

    Args:
        store: The bucket.

    Returns:
        The posts.

    Raises:
        SeedError: The file is invalid; the message lists the faults.
    """
    return parse_seed_posts(store.get("seeds/seed_posts.json"), "seeds/seed_posts.json")


def read_seed_users(store: ObjectStore) -> tuple[SeedUser, ...]:
    """Read and validate the archetypes.

    Args:
        store: The bucket.

    Returns:
        The archetypes.

    Raises:
        SeedError: The file is invalid; the message lists the faults.
    """
    return parse_seed_users(store.get("seeds/seed_users.json"), "seeds/seed_users.json")


@asset(
    group_name="seeds",
    kinds={"s3", "json"},
    code_version="1",
    deps=["check_services"],
    description="The seed posts that every generated post varies. If the file is invalid, the "
    "error names object, entry, field and fault, and no later step runs.",
    metadata=columns(id="text", topic="text", content="text", tags="text[]", tone="text"),
)
def seed_posts(storage: ObjectStorage) -> dg.MaterializeResult:
    """Read and validate the seed posts."""
    posts = read_seed_posts(storage.store())
    rows = [(post.id, post.topic, post.content, ", ".join(post.tags), post.tone) for post in posts]
    return dg.MaterializeResult(
        metadata=rows_made(
            len(posts),
            topics=dict(Counter(post.topic for post in posts)),
            preview=preview(["id", "topic", "content", "tags", "tone"], rows),
        )
    )


@asset(
    group_name="seeds",
    kinds={"s3", "json"},
    code_version="1",
    deps=[seed_posts],
    description="The archetypes that synthetic users are drawn from, with their topic weights.",
    metadata=columns(id="text", name="text", bio="text[]", topic_weights="jsonb"),
    check_specs=blocking(
        "seed_users", {"topics_have_posts": "Every topic that an archetype likes has a seed post."}
    ),
)
def seed_users(storage: ObjectStorage) -> dg.MaterializeResult:
    """Read and validate the archetypes."""
    store = storage.store()
    users, posts = read_seed_users(store), read_seed_posts(store)
    liked = {topic for user in users for topic, weight in user.topic_weights.items() if weight}
    missing = sorted(liked - {post.topic for post in posts})
    sentence = f"no seed post about {', '.join(missing)}" if missing else "every topic has posts"
    rows = [(user.id, user.name, user.description, *user.topic_shares.values()) for user in users]
    return dg.MaterializeResult(
        metadata=rows_made(
            len(users),
            preview=preview(["id", "name", "description", *users[0].topic_shares], rows),
        ),
        check_results=[result("topics_have_posts", not missing, sentence)],
    )
