"""A generation of feeds: all rows that are published together."""

from dataclasses import dataclass
from datetime import datetime

from threads_pipelines.errors import DataError


@dataclass(frozen=True, slots=True)
class Generation:
    """When rows were made and when they expire: naive UTC, in whole seconds except for ``now``."""

    generated_at: datetime
    expires_at: datetime
    now: datetime

    @classmethod
    def of(cls, generated_at: datetime, expires_at: datetime, now: datetime) -> "Generation":
        """Make a generation from times, cut to whole seconds.

        Args:
            generated_at: Naive UTC.
            expires_at: Naive UTC, after ``generated_at``.
            now: Naive UTC.

        Returns:
            The generation.

        Raises:
            DataError: A time has a time zone, or ``expires_at`` is not after ``generated_at``.
        """
        for name, value in (
            ("generated_at", generated_at),
            ("expires_at", expires_at),
            ("now", now),
        ):
            if value.tzinfo is not None:
                raise DataError(f"{name} must be naive UTC, not {value.isoformat()}")
        generation = cls(
            generated_at.replace(microsecond=0), expires_at.replace(microsecond=0), now
        )
        if generation.expires_at <= generation.generated_at:
            raise DataError(f"expires_at {expires_at} is not after generated_at {generated_at}")
        return generation
