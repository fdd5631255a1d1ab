from datetime import UTC, date, datetime

import pytest

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
