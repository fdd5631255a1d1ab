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
    """The address of the proxy for ``url``; None where the host is reached directly."""
    if _is_this_machine(urlsplit(url).hostname or ""):
        return None
    return select_proxy(url, get_environ_proxies(url))


def httpx_options(url: str) -> dict[str, Any]:
    """Arguments that let an ``httpx.Client`` reach ``url`` by the same rules."""
    proxy = proxy_for(url)
    return {"proxy": proxy} if proxy else {"mounts": {"http://": None, "https://": None}}


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
