"""Read the value of one variable: each function returns what it means, or says what to write."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from threads_pipelines.errors import ConfigurationError

Values = Mapping[str, str]
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def web_address(values: Values, variable: str) -> str | None:
    """An http or https address; None where the variable is not set."""
    url = values.get(variable)
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise ConfigurationError(
            f"{variable} is not an http or https address: write one such as http://HOST:PORT"
        )
    return url


def time_zone(values: Values, variable: str) -> str:
    """The name of a time zone; UTC where the variable is not set."""
    name = values.get(variable, "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"{variable} {name!r} is not a time zone: write one such as Europe/Berlin"
        ) from error
    return name


def yes_or_no(values: Values, variable: str) -> bool:
    """Whether something is wanted; it is not where the variable is not set."""
    given = values.get(variable, "no").lower()
    if given not in _YES | _NO:
        raise ConfigurationError(f"{variable} {given!r} is neither yes nor no")
    return given in _YES


def share(values: Values, variable: str) -> float:
    """A share from 0 to 1, written as ``all``, ``none`` or a percentage such as ``10%``."""
    given = values.get(variable, "none").lower()
    if given in {"all", "none"}:
        return float(given == "all")
    try:
        part = float(given.removesuffix("%")) / 100 if given.endswith("%") else -1.0
    except ValueError:
        part = -1.0
    if not 0 <= part <= 1:
        raise ConfigurationError(
            f"{variable} {given!r} is no share: write all, none or a percentage such as 10%"
        )
    return part


def minutes(values: Values, variable: str, *, default: int) -> int:
    """Whole minutes from a quarter of an hour to a day."""
    given = values.get(variable, str(default))
    if not given.isdecimal() or not 15 <= int(given) <= 24 * 60:
        raise ConfigurationError(f"{variable} is {given!r}: write whole minutes from 15 to 1440")
    return int(given)


def url_password(values: Values, variable: str) -> str | None:
    """A password that an address can hold as it is: compose files and people put it into one."""
    given = values.get(variable)
    if given and quote(given, safe="") != given:
        raise ConfigurationError(
            f"{variable} holds a character that an address cannot: use letters, digits and . _ ~ -"
        )
    return given
