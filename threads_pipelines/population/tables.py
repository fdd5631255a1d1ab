"""The population as columns of the app's tables, ready for a bulk copy.

Names of columns are those of the tables. Texts are ``S36`` (ids) or str; a missing value is None.
Times are int64 epoch milliseconds (UTC), to be written as naive UTC.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.row_ids import row_ids
from threads_pipelines.population.behaviour.funnel import KINDS
from threads_pipelines.population.generate import Population

Columns = Mapping[str, NDArray]
TABLES = ("user", "follow", "post", "like", "comment", "user_interaction")
"""In the order in which foreign keys allow them to be written."""
_OF_USERS = {"user_id", "follower_id", "following_id"}
_KINDS = np.array(KINDS, dtype="S5")


def table(population: Population, name: str) -> Columns:
    """Return all rows of a table, except user_interaction (see ``interaction_batches``).

    Args:
        population: The population.
        name: One of ``TABLES``.

    Returns:
        (n,) arrays by column.
    """
    columns = {
        "user": _user, "follow": _follow, "post": _post, "like": _like, "comment": _comment,
    }[name](population)  # fmt: skip
    return _possible(population, columns, {"id"} if name == "user" else _OF_USERS)


def batches(population: Population, name: str, size: int = 250_000) -> Iterator[Columns]:
    """Generate the rows of a table in batches.

    Args:
        population: The population.
        name: One of ``TABLES``.
        size: Most rows of a batch.

    Yields:
        (n,) arrays by column.
    """
    if name == "user_interaction":
        yield from interaction_batches(population, size)
        return
    columns = table(population, name)
    for start in range(0, len(columns["id"]), size):
        yield {column: array[start : start + size] for column, array in columns.items()}


def interaction_batches(population: Population, size: int = 250_000) -> Iterator[Columns]:
    """Generate the rows of user_interaction in batches, in ascending order of time.

    The metadata is JSON text; JSON null is the text ``null``, never a NULL.

    Args:
        population: The population.
        size: Most rows of a batch.

    Yields:
        (n,) arrays by column.
    """
    rows, users, posts = population.interactions, population.people.id, population.posts.id
    for start in range(0, len(rows), size):
        part = slice(start, min(start + size, len(rows)))
        number, at = np.arange(part.start, part.stop), rows.at[part]
        columns = {
            "id": row_ids(population.run_key, "user_interaction", number, at=at),
            "user_id": users[rows.user[part]],
            "post_id": posts[rows.post[part]],
            "interaction_type": _KINDS[rows.kind[part]],
            "metadata": rows.metadata_values[rows.metadata[part]],
            "created_at": at,
        }
        yield _possible(population, columns, _OF_USERS)


def _possible(population: Population, columns: Columns, of_users: set[str]) -> Columns:
    """The rows about no account that is left out, and about none of its posts."""
    users, posts = population.left_out, population.posts
    if not len(users):
        return columns
    written = np.isin(population.people.id[posts.author], users)
    gone_posts = posts.id[written | ((posts.original >= 0) & written[posts.original])]
    gone = np.zeros(len(columns["created_at"]), bool)
    for names, ids in ((of_users, users), ({"post_id", "original_post_id"}, gone_posts)):
        for name in names & columns.keys():
            known = np.array([value or b"" for value in columns[name]], "S36")
            gone |= np.isin(known, ids)
    return {name: array[~gone] for name, array in columns.items()}


def _user(population: Population) -> Columns:
    people = population.people
    return {
        "id": people.id,
        "email": people.email,
        "username": people.username,
        "name": people.name,
        "display_name": people.name,
        "bio": people.bio,
        "created_at": population.people_at,
        "updated_at": population.people_at,
    }


def _follow(population: Population) -> Columns:
    follows, users = population.follows, population.people.id
    return {
        "id": row_ids(population.run_key, "follow", follows.follower, follows.following),
        "follower_id": users[follows.follower],
        "following_id": users[follows.following],
        "created_at": follows.at,
    }


def _post(population: Population) -> Columns:
    posts = population.posts
    original = posts.id[posts.original].astype(str).astype(object)
    original[posts.original < 0] = None
    return {
        "id": posts.id,
        "user_id": population.people.id[posts.author],
        "content": posts.content,
        "original_post_id": original,
        "created_at": posts.at,
        "updated_at": posts.at,
    }


def _like(population: Population) -> Columns:
    likes = population.likes
    return {
        "id": row_ids(population.run_key, "like", likes.user, likes.post),
        "user_id": population.people.id[likes.user],
        "post_id": population.posts.id[likes.post],
        "created_at": likes.at,
    }


def _comment(population: Population) -> Columns:
    comments = population.comments
    return {
        "id": row_ids(population.run_key, "comment", comments.user, comments.post),
        "user_id": population.people.id[comments.user],
        "post_id": population.posts.id[comments.post],
        "content": comments.content,
        "created_at": comments.at,
        "updated_at": comments.at,
    }
