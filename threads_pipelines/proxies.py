"""Whether a service is reached through a proxy, by the rules of ``requests``.

``HTTP_PROXY``, ``HTTPS_PROXY`` and ``ALL_PROXY`` name a proxy; ``NO_PROXY`` lists host names with
their subdomains, addresses and networks such as ``10.0.0.0/8`` that are reached directly. boto3
and httpx each read that list in a way of their own, so the choice is made here for both. A proxy is
never asked for this machine's own services.
"""

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
