"""Parsers of single variables; their errors name the variable and the accepted values."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from threads_pipelines.errors import ConfigurationError

Values = Mapping[str, str]
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def web_address(values: Values, variable: str) -> str | None:
    """Read an http or https address.

    Args:
        values: Variables by name.
        variable: Name of the variable.

    Returns:
        The address; None if the variable is not set.

    Raises:
        ConfigurationError: The value is not such an address.
    """
    url = values.get(variable)
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise ConfigurationError(
            f"{variable} is not an http or https address: write one such as http://HOST:PORT"
        )
    return url


def scheduler_address(values: Values, variable: str) -> str | None:
    """Read the address of a Dask scheduler.

    Dask executes what it receives, so an address outside this machine must use TLS with client
    certificates.

    Args:
        values: Variables by name.
        variable: Name of the variable.

    Returns:
        The address; None if the variable is not set.

    Raises:
        ConfigurationError: The value is not such an address.
    """
    address = values.get(variable)
    if address is None:
        return None
    parts = urlsplit(address)
    try:
        complete = bool(parts.hostname and parts.port)
    except ValueError:
        complete = False
    if parts.scheme not in {"tcp", "tls"} or not complete:
        raise ConfigurationError(
            f"{variable} is no address of a Dask scheduler: write tls://HOST:PORT, or on this "
            "machine tcp://127.0.0.1:PORT"
        )
    if parts.scheme == "tcp" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(
            f"{variable} names another machine without TLS, where anybody could run code on the "
            "workers: write tls://HOST:PORT and give Dask its certificates (docs/scaling.md)"
        )
    return address


def time_zone(values: Values, variable: str) -> str:
    """Read the name of a time zone.

    Args:
        values: Variables by name.
        variable: Name of the variable.

    Returns:
        The IANA name; UTC if the variable is not set.

    Raises:
        ConfigurationError: There is no such time zone.
    """
    name = values.get(variable, "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"{variable} {name!r} is not a time zone: write one such as Europe/Berlin"
        ) from error
    return name


def yes_or_no(values: Values, variable: str) -> bool:
    """Read a yes-or-no value.

    Args:
        values: Variables by name.
        variable: Name of the variable.

    Returns:
        True for 1, true, yes and on; False for 0, false, no and off, and if the variable is not
        set.

    Raises:
        ConfigurationError: The value is none of these.
    """
    given = values.get(variable, "no").lower()
    if given not in _YES | _NO:
        raise ConfigurationError(f"{variable} {given!r} is neither yes nor no")
    return given in _YES


def share(values: Values, variable: str, *, default: str = "none") -> float:
    """Read a share, written as ``all``, ``none`` or a percentage such as ``10%``.

    Args:
        values: Variables by name.
        variable: Name of the variable.
        default: What a variable that is not set means.

    Returns:
        The share, in [0, 1].

    Raises:
        ConfigurationError: The value is not a share.
    """
    given = values.get(variable, default).lower()
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


def whole(values: Values, variable: str, *, of: str, default: int, least: int, most: int) -> int:
    """Read a whole number of a unit.

    Args:
        values: Variables by name.
        variable: Name of the variable.
        of: The unit in plural, for the message.
        default: The value if the variable is not set.
        least: Smallest accepted number.
        most: Largest accepted number.

    Returns:
        The number.

    Raises:
        ConfigurationError: The value is not in this range.
    """
    given = values.get(variable, str(default))
    if not given.isdecimal() or not least <= int(given) <= most:
        raise ConfigurationError(
            f"{variable} is {given!r}: write whole {of} from {least} to {most}"
        )
    return int(given)


def url_password(values: Values, variable: str) -> str | None:
    """Read a password that an address can hold without percent-encoding.

    Compose files and people insert it into addresses.

    Args:
        values: Variables by name.
        variable: Name of the variable.

    Returns:
        The password; None if the variable is not set.

    Raises:
        ConfigurationError: The password has another character.
    """
    given = values.get(variable)
    if given and quote(given, safe="") != given:
        raise ConfigurationError(
            f"{variable} holds a character that an address cannot: use letters, digits and . _ ~ -"
        )
    return given
