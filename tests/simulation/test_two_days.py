"""Two days with a night between them: the fake users' feeds come to match their interests.

The small version is 12 visits a day on a few hundred posts, played three times; `make soak` plays
longer days. One short day is a few likes only: which group has more of them is a matter of luck now
and then. So the three are judged together, by a clock that stands still.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest

from tests.simulation.conftest import fill
from tests.simulation.days import Shares, day, liked_share, night, shares
from tests.storage.app_database import AppDatabase
from threads_pipelines.experiment.assignment import GROUPS
from threads_pipelines.simulation.database import add_fake_users
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.storage.postgres.accounts.experiments import write_groups

USERS = make_fake_users(10)
DAY = timedelta(hours=24)
NOW = datetime(2026, 3, 3, 2)  # noqa: DTZ001 - naive UTC, as the app has it


@dataclass(frozen=True)
class Result:
    """Shares of own interest, and of looks that ended in a like on the second day by group."""

    first_night: Shares
    second_night: Shares
    liked: dict[str, float]


def two_days(app: AppDatabase, each: int, ticks: int, seed: int) -> Result:
    """Two days of ``ticks`` visits at even distances, each with a night after it.

    each: posts about each interest by real people. Who is treated changes with the seed, so that
    each interest is in both groups.
    """
    begin = NOW - 2 * DAY
    groups = {user.id: GROUPS[(row + seed) % 2] for row, user in enumerate(USERS)}
    topics = fill(app, each, begin)
    add_fake_users(app.engine, USERS, [user.username for user in USERS], begin)
    write_groups(app.engine, list(groups), list(groups.values()))
    nights, looks = [], []
    for number in range(2):
        first = begin + number * DAY + timedelta(hours=1)
        looks = day(app.engine, first, ticks, timedelta(hours=22) / ticks, seed=10 * seed + number)
        night(app.engine, begin + (number + 1) * DAY)
        nights.append(shares(app.engine, topics, begin + (number + 1) * DAY))
    return Result(nights[0], nights[1], liked_share(looks, groups))


def check(found: Sequence[Result]) -> None:
    """Each night suits its readers; the treatment group likes more, over all the days together."""
    for result in found:
        for one in (result.first_night, result.second_night):
            assert one.top >= one.wanted, result
    liked = {group: np.mean([result.liked[group] for result in found]) for group in GROUPS}
    assert liked["treatment"] > liked["control"], found


def test_two_days(own_database: AppDatabase) -> None:
    results = []
    for seed in range(3):
        own_database.rows('TRUNCATE "user" CASCADE')
        results.append(two_days(own_database, each=30, ticks=12, seed=seed))
    check(results)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_two_long_days(own_database: AppDatabase, seed: int) -> None:
    result = two_days(own_database, each=120, ticks=96, seed=seed)
    print(result)
    check([result])
