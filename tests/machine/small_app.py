"""A small app with two weeks of history, the same in every test: what a night is played on."""

from datetime import datetime, timedelta
from random import Random

from tests.storage.app_database import AppDatabase

USERS = [f"user {row:02}" for row in range(24)]
POSTS = [f"post {row:02}" for row in range(60)]
_TYPES = ("view", "click", "like", "share")


def fill(database: AppDatabase, until: datetime, events: int = 500) -> None:
    """Insert people, posts and interactions of the fourteen days before ``until`` (naive UTC)."""
    chance, days = Random(7), 14
    database.users(*USERS, created_at=until - timedelta(days=days + 1))
    for row, post in enumerate(POSTS):
        born = until - timedelta(hours=1 + days * 24 * (1 - row / len(POSTS)))
        database.posts(chance.choice(USERS), post, created_at=born)
    database.insert(
        "user_interaction",
        *(
            {
                "id": f"event {row}",
                "user_id": (user := chance.choice(USERS)),
                "post_id": chance.choice(POSTS[USERS.index(user) % 3 :: 3]),
                "interaction_type": (kind := chance.choice(_TYPES)),
                "created_at": until - timedelta(minutes=chance.randrange(1, days * 24 * 60)),
            }
            for row in range(events)
        ),
    )
    del kind
    # Half of the likes still stand.
    database.rows(
        'INSERT INTO "like" (id, user_id, post_id, created_at) '
        "SELECT DISTINCT ON (user_id, post_id) id, user_id, post_id, created_at "
        "FROM user_interaction WHERE interaction_type = 'like' AND right(id, 1) < '5'"
    )
