"""The instant up to which a run reads the app."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NIGHTLY_HOUR = 2
"""Local hour at which the night's run starts; a backfilled day is read as of then."""


def as_of_for(day: date, now: datetime, timezone: str) -> datetime:
    """Return the instant up to which the run that serves a day reads.

    Today's run reads up to the present. A past day's run reads up to the instant of the nightly
    schedule's tick on that day, so that a backfill repeats the run that the day should have had.

    Args:
        day: Local day whose feeds are made.
        now: The present, with a time zone.
        timezone: IANA name of the schedule's time zone.

    Returns:
        The instant in UTC, cut to whole seconds.

    Raises:
        ValueError: The day is in the future.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    if day > today:
        raise ValueError(f"{day} has not come yet: today is {today} in {timezone}")
    instant = now if day == today else _tick(day, zone)
    return instant.astimezone(UTC).replace(microsecond=0)


def _tick(day: date, zone: ZoneInfo) -> datetime:
    """Return the time of the schedule's tick on a day whose 02:00 may be repeated or missing.

    Dagster ticks once: at the second of two 02:00, and if 02:00 is missing, later by the length of
    the daylight saving shift. A test compares this function with Dagster's own ticks.
    """
    local = datetime.combine(day, time(NIGHTLY_HOUR), zone)
    if local.replace(fold=1).astimezone(UTC) < local.astimezone(UTC):  # 02:00 is left out
        local += (local + timedelta(hours=1)).dst() or timedelta(0)
    return local.replace(fold=1).astimezone(UTC)  # adding would drop the fold


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant.

    Args:
        text: The instant; UTC if it names no time zone.

    Returns:
        The instant in UTC, cut to whole seconds.

    Raises:
        ValueError: ``text`` is not an instant; the message shows the format.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a time: write one such as 2026-11-23T02:00:00"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).replace(microsecond=0)
