"""Types of values that several commands take."""

from datetime import UTC, datetime
from typing import Any

import click

from threads_pipelines.dataset.as_of import parse_instant


class _Instant(click.ParamType):
    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read a time, or fail with the option's name."""
        try:
            if str(value).isdecimal():
                return datetime.fromtimestamp(int(value), UTC)
            return parse_instant(value)
        except (ValueError, OverflowError) as error:
            self.fail(str(error), param, ctx)


INSTANT = _Instant()
"""An instant, aware UTC in whole seconds, from ISO 8601 or epoch seconds."""


WITH_REAL_ACCOUNTS = click.option(
    "--with-real-accounts",
    is_flag=True,
    help="Write synthetic accounts and their content although there are real ones.",
)


def consent(given: bool, resource: str) -> dict[str, Any]:
    """Make the run config that passes ``--with-real-accounts`` to a resource.

    Args:
        given: Whether the option was given.
        resource: Name of the resource.

    Returns:
        The run config; empty without the option.
    """
    return {"resources": {resource: {"config": {"with_real_accounts": True}}}} if given else {}
