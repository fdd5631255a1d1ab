"""What the night wrote, read by the app's own code on Prisma."""

from pathlib import Path

from tests.consumer.conftest import reader_folder
from tests.consumer.reader import read
from tests.defs.conftest import TODAY, World
from threads_pipelines.storage.postgres.database import session

__all__ = ["reader_folder"]


def test_the_app_reads_the_nights_rows_in_any_time_zone(reader_folder: Path, world: World) -> None:
    world.run("generate_synthetic_data")
    world.run("nightly_recommendations", partition=TODAY)
    users = [row[0] for row in world.query("SELECT DISTINCT user_id FROM user_recommendation")]
    url = world.engine.url.render_as_string(hide_password=False)
    for zone in ("UTC", "Asia/Taipei", "America/New_York"):
        with session(world.engine, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {world.engine.url.database} SET timezone = '{zone}'")
        reading = read(reader_folder, url, users)
        assert reading.faults == []
        assert reading.zone == zone
        assert set(reading.feeds) == set(users)
