"""Several publishers: one at a time, and one that was given up for dead does no harm."""

import threading
import time
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pytest

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import expected, night, publish_night, stalling
from tests.storage.publishing import NIGHT, feeds
from threads_pipelines.errors import DatabaseError, DataError, PublishBusyError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.lease import enter_shard, publishing
from threads_pipelines.storage.postgres.publishing.purge import purge_expired


def test_another_run_waits_and_then_says_who_publishes(crowd: AppDatabase) -> None:
    with publishing(crowd.engine, "night 7", wait_seconds=1):
        with pytest.raises(PublishBusyError, match=r"since 20\d\d-.* UTC, run night 7"):
            publish_night(crowd, 1, wait_seconds=0.2)
        with pytest.raises(PublishBusyError, match="run night 7"):
            purge_expired(crowd.engine, NIGHT, wait_seconds=0.2)
    assert publish_night(crowd, 1).inserted == 1200


def test_two_publishers_at_once_come_one_after_the_other(crowd: AppDatabase) -> None:
    failures: list[BaseException] = []

    def run(generation: int) -> None:
        try:
            publish_night(crowd, generation, wait_seconds=60)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(generation,)) for generation in (2, 1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert feeds(crowd) == expected(3)


def test_a_publisher_that_wakes_up_after_a_newer_one_does_no_harm(crowd: AppDatabase) -> None:
    reached, go_on = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            publish_night(crowd, 1, stalling(30, reached, go_on))
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    stale = threading.Thread(target=run)
    stale.start()
    assert reached.wait(60)
    # Its lease is gone, as after a cut of the network; the connections of its shards live.
    crowd.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'threads-pipelines publish night 1'"
    )
    publish_night(crowd, 2)
    go_on.set()
    stale.join()
    assert feeds(crowd) == expected(2)
    (failure,) = failures
    assert isinstance(failure, DatabaseError)


def test_a_late_backfill_of_an_older_day_leaves_the_newer_one(crowd: AppDatabase) -> None:
    publish_night(crowd, 2)
    before = feeds(crowd)
    report = publish_night(crowd, 1)
    assert feeds(crowd) == before == expected(2)
    assert (report.users_newer, report.inserted, report.updated, report.deleted) == (60, 0, 0, 0)


def test_a_late_backfill_serves_whom_the_newer_night_did_not_reach(crowd: AppDatabase) -> None:
    def breaking(generation: int) -> Iterator[pa.Table]:
        yield from islice(night(generation), 30)
        raise DataError("the file ends here")

    with pytest.raises(DataError, match="ends here"):
        publish_night(crowd, 2, breaking)
    reached = feeds(crowd)
    assert 0 < len(reached) < 60
    publish_night(crowd, 1)
    assert feeds(crowd) == expected(1) | reached
    publish_night(crowd, 2)
    assert feeds(crowd) == expected(2)


def test_a_shard_of_a_lost_lease_never_begins(crowd: AppDatabase) -> None:
    with publishing(crowd.engine, "old", wait_seconds=1) as lease:
        pass
    with (
        publishing(crowd.engine, "new", wait_seconds=1),
        session(crowd.engine) as connection,
        pytest.raises(PublishBusyError, match="lost its right to publish"),
    ):
        enter_shard(connection, lease)


def test_a_new_publisher_waits_for_the_shard_of_an_old_one(crowd: AppDatabase) -> None:
    with session(crowd.engine) as connection:
        with publishing(crowd.engine, "old", wait_seconds=1) as lease:
            enter_shard(connection, lease)
        with pytest.raises(PublishBusyError, match="shard of an earlier run"):
            publish_night(crowd, 1, wait_seconds=0.2)
        connection.rollback()
    assert publish_night(crowd, 1).inserted == 1200


def test_a_publisher_that_hangs_loses_its_lease(crowd: AppDatabase) -> None:
    def hang() -> None:
        with publishing(crowd.engine, "hung", wait_seconds=1, idle_seconds=0.2) as lease:
            time.sleep(1)
            lease.renew()

    with pytest.raises(DatabaseError, match=r"terminating|closed"):
        hang()
    assert publish_night(crowd, 1).inserted == 1200
