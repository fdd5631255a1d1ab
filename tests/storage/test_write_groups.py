"""Groups of the experiment are written beside the app, none of whose statements fails."""

import threading
import time

import psycopg2
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from threads_pipelines.storage.postgres.accounts.experiments import write_groups

IDS = ["ann", "bob", "cem", "dee"]
GROUPS = ["treatment"] * len(IDS)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    "AND datname = current_database()"
)


def test_the_app_is_no_victim_of_the_groups(own_database: AppDatabase) -> None:
    """The app holds the last account, and then wants the first one."""
    own_database.users(*IDS)
    changed: list[int] = []
    writing = threading.Thread(
        target=lambda: changed.append(write_groups(own_database.engine, IDS, GROUPS))
    )
    address = make_url(own_database.url).set(drivername="postgresql")
    app = psycopg2.connect(
        address.render_as_string(hide_password=False), options="-c deadlock_timeout=1ms"
    )
    with app.cursor() as cursor:
        cursor.execute("UPDATE \"user\" SET name = 'x' WHERE id = 'dee'")
        writing.start()
        while own_database.rows(WAITING) != [(1,)]:
            assert writing.is_alive()
            time.sleep(0.01)
        cursor.execute("UPDATE \"user\" SET name = 'x' WHERE id = 'ann'")
    app.commit()
    app.close()
    writing.join()
    assert changed == [4]
    found = own_database.rows('SELECT name, experiment_group FROM "user" ORDER BY id')
    assert found == [
        ("x", "treatment"),
        (None, "treatment"),
        (None, "treatment"),
        ("x", "treatment"),
    ]
    assert write_groups(own_database.engine, IDS, GROUPS) == 0
