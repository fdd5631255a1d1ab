"""Sends alerts and metrics to the configured addresses.

An address may contain a secret, so no message repeats it.
"""

import time

from threads_pipelines import proxies
from threads_pipelines.errors import DeliveryError

_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0


def send_alert(url: str, text: str) -> None:
    """POST ``{"text": ...}``, the format of Slack, Mattermost and most gateways.

    Args:
        url: Address of the webhook.
        text: The text of the alert.

    Raises:
        DeliveryError: Three attempts failed.
    """
    _deliver("POST", url, "the alert webhook", json={"text": text})


def push_metrics(url: str, exposition: str) -> None:
    """Replace the metrics of this job on a Prometheus Pushgateway.

    Args:
        url: Address of the Pushgateway.
        exposition: The metrics in Prometheus's text format.

    Raises:
        DeliveryError: Three attempts failed.
    """
    _deliver(
        "PUT",
        f"{url.rstrip('/')}/metrics/job/threads_pipelines",
        "the Pushgateway",
        content=exposition.encode(),
        headers={"Content-Type": "text/plain; version=0.0.4"},
    )


def _deliver(
    method: str,
    url: str,
    receiver: str,
    *,
    json: object = None,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    import httpx  # a quarter of a second that most processes never need

    fault = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS * attempt)
        try:
            with httpx.Client(timeout=_TIMEOUT_SECONDS, **proxies.httpx_options(url)) as client:
                answer = client.request(method, url, json=json, content=content, headers=headers)
        except httpx.HTTPError as error:
            fault = type(error).__name__
            continue
        if answer.is_success:
            return
        fault = f"HTTP {answer.status_code}"
        if answer.is_client_error:  # the same request would be refused again
            break
    proxied = f"; {proxies.ADVICE}" if proxies.proxy_for(url) else ""
    raise DeliveryError(
        f"{receiver} at {httpx.URL(url).host} did not take the message: {fault}{proxied}"
    )
