"""The web proxies that the environment names, for clients that do not read them on their own."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

ADVICE = (
    "the request went through the proxy of HTTP_PROXY or HTTPS_PROXY: let NO_PROXY name the host "
    "where it is to be reached directly"
)


def proxy_for(url: str) -> str | None:
    """Find the proxy for a request, by the rules of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

    Args:
        url: Address of the request.

    Returns:
        Address of the proxy; None if the host is reached directly, as this machine always is.
    """
    if _is_this_machine(urlsplit(url).hostname or ""):
        return None
    return select_proxy(url, get_environ_proxies(url))


def httpx_options(url: str) -> dict[str, Any]:
    """Make the arguments for an ``httpx.Client`` that reaches an address by the rules of
    ``proxy_for``.

    Args:
        url: Address of the requests.

    Returns:
        Keyword arguments.
    """
    proxy = proxy_for(url)
    return {"proxy": proxy} if proxy else {"mounts": {"http://": None, "https://": None}}


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
