"""The instant up to which a run reads."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

NIGHTLY_HOUR = 2
"""Local hour at which the night's run starts; a backfilled day is read as of then."""


def as_of_for(day: date, now: datetime, timezone: str) -> datetime:
    """Instant up to which the run that serves ``day`` reads, aware UTC, cut to whole seconds.

    Today's run reads up to now. A past day's run reads up to 02:00 local time of that day, so that
    a backfill is the run that day would have had.

    Raises ValueError for a day that has not come yet.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    if day > today:
        raise ValueError(f"{day} has not come yet: today is {today} in {timezone}")
    instant = now if day == today else datetime.combine(day, time(NIGHTLY_HOUR), zone)
    return instant.astimezone(UTC).replace(microsecond=0)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant as aware UTC, cut to whole seconds; without a zone it is UTC.

    Raises ValueError, saying what to write, where ``text`` is none.
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
