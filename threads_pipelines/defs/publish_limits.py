"""The run config of all jobs that publish: lifetime of rows, and people left without a feed."""

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.storage.postgres.publishing.publish import PublishReport


class PublishLimits(dg.Config):
    """Lifetime of rows, and a limit that stops an empty or broken version."""

    ttl_hours: float = Field(
        48, gt=24, le=24 * 31, description="Hours until a row expires; more than a night apart."
    )
    max_left_without: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The largest share of the people with a feed that may be left without one. "
        "Empty: THREADS_MAX_LEFT_WITHOUT, else 0.05.",
    )

    def most_left_without(self) -> float:
        """Return the largest share of people who may be left without a feed.

        Returns:
            The share, in [0, 1], from the run config or the environment.
        """
        if self.max_left_without is None:
            return settings.load().max_left_without
        return self.max_left_without


def told(report: PublishReport) -> str:
    """Describe who is left without a feed.

    Args:
        report: The report of a publish.

    Returns:
        The description; empty if nobody is.
    """
    parts = []
    if report.users_left_without:
        share = report.users_left_without / report.users_live
        parts.append(
            f"{report.users_left_without:,} of {report.users_live:,} people with a feed "
            f"({share:.1%}) are left without one"
        )
    if report.users_withheld:
        parts.append(f"{report.users_withheld:,} more are left without one on purpose")
    return ", ".join(parts)
