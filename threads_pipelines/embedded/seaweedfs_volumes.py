"""Waits until SeaweedFS's master knows the volumes on disk.

The S3 gateway answers a moment earlier, but reading objects fails until then.
"""

import http.client
import json
import ssl
import time
from pathlib import Path

from threads_pipelines.embedded import seaweedfs_tls


def volumes_load(folder: Path, master_port: int, seconds: float) -> bool:
    """Wait until the master knows every volume in ``data``.

    Args:
        folder: Folder of the server.
        master_port: Port of the master.
        seconds: How long to wait.

    Returns:
        Whether it knows them all.
    """
    tls = seaweedfs_tls.client_context(folder)
    expected = len(list((folder / "data").glob("*.dat")))
    deadline = time.monotonic() + seconds
    while _registered(_directory(master_port, tls)) < expected:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _directory(port: int, tls: ssl.SSLContext) -> bytes:
    """Return the master's directory of volumes as JSON; empty if it does not answer yet."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=tls)
    try:
        connection.request("GET", "/dir/status")
        return connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def _registered(directory: bytes) -> int:
    """Count the volumes that the master knows; -1 while it knows no volume server."""
    try:
        centers = json.loads(directory)["Topology"]["DataCenters"] or []
    except (ValueError, KeyError):
        return -1
    nodes = [node for center in centers for rack in center["Racks"] for node in rack["DataNodes"]]
    return sum(node["Volumes"] for node in nodes) if nodes else -1
