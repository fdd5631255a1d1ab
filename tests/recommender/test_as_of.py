from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dagster._utils.schedules import cron_string_iterator

from threads_pipelines.dataset.as_of import as_of_for, parse_instant

NOW = datetime(2026, 11, 23, 15, 30, 12, 345678, tzinfo=UTC)


def test_today_reads_up_to_now_in_whole_seconds() -> None:
    assert as_of_for(date(2026, 11, 23), NOW, "UTC") == NOW.replace(microsecond=0)


def test_a_past_day_reads_up_to_its_own_two_o_clock() -> None:
    assert as_of_for(date(2026, 11, 20), NOW, "UTC") == datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_two_o_clock_is_local() -> None:
    assert as_of_for(date(2026, 11, 20), NOW, "Asia/Taipei") == datetime(
        2026, 11, 19, 18, tzinfo=UTC
    )


def test_today_is_the_local_day() -> None:
    assert as_of_for(date(2026, 11, 24), NOW.replace(hour=16), "Asia/Taipei").hour == 16


def test_the_hour_that_daylight_saving_skips_still_is_an_instant() -> None:
    assert as_of_for(date(2026, 3, 29), NOW, "Europe/Berlin") == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_the_hour_that_is_repeated_is_read_up_to_the_second_time() -> None:
    assert as_of_for(date(2026, 10, 25), NOW, "Europe/Berlin") == datetime(
        2026, 10, 25, 1, tzinfo=UTC
    )


def changes_of_the_clock(zone: str) -> Iterator[tuple[date, timedelta, timedelta]]:
    """Local days of the years of test on which a zone's offset changes, with both offsets."""
    info, noon = ZoneInfo(zone), datetime(2021, 11, 1, 12, tzinfo=UTC)
    before = noon.astimezone(info).utcoffset()
    while noon < NOW - timedelta(days=1):
        noon += timedelta(days=1)
        after = noon.astimezone(info).utcoffset()
        if before is not None and after is not None and after != before:
            for instant in (noon - timedelta(days=1), noon):
                yield instant.astimezone(info).date(), before, after
        before = after


def ticks_of(day: date, zone: str) -> list[datetime]:
    """When Dagster ticks on a local day, in UTC."""
    before = datetime.combine(day, time(), ZoneInfo(zone)) - timedelta(days=1)
    found = cron_string_iterator(before.timestamp(), "0 2 * * *", zone)
    return [tick.astimezone(UTC) for tick in islice(found, 3) if tick.date() == day]


def test_a_past_day_is_read_up_to_its_tick_in_every_zone_and_at_every_change() -> None:
    """The nightly schedule's own ticks, as Dagster computes them, are the instants expected."""
    seen, left_out = set(), []
    for zone in sorted(available_timezones()):
        for change in changes_of_the_clock(zone):
            two = datetime.combine(change[0], time(2), ZoneInfo(zone))
            key = (change, two.utcoffset(), two.replace(fold=1).utcoffset())
            if key in seen:  # another name of a zone that was tried
                continue
            seen.add(key)
            day = change[0]
            found = as_of_for(day, NOW, zone)
            ticks = ticks_of(day, zone)
            if ticks:
                assert found == ticks[0], (zone, day)
            else:  # a station that moved its clock by hours: Dagster leaves the day out
                assert found.astimezone(ZoneInfo(zone)).date() == day, (zone, day)
                left_out.append((zone, day))
    assert len(left_out) < 5, left_out
    assert len(seen) > 100


def test_tomorrow_has_not_come() -> None:
    with pytest.raises(ValueError, match="2026-11-24 has not come yet"):
        as_of_for(date(2026, 11, 24), NOW, "UTC")


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-11-23T02:00:00", 2), ("2026-11-23T02:00:00.9Z", 2), ("2026-11-23T02:00+08:00", 18)],
)
def test_an_instant_is_read_as_utc(text: str, hour: int) -> None:
    instant = parse_instant(text)
    assert (instant.hour, instant.microsecond, instant.tzinfo) == (hour, 0, UTC)


def test_what_is_no_time_says_what_to_write() -> None:
    with pytest.raises(ValueError, match="'yesterday' is not a time: write one such as"):
        parse_instant("yesterday")
