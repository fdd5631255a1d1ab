"""Free and used loopback ports."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack


def free_ports(wanted: Sequence[int]) -> list[int]:
    """Find free loopback ports.

    Args:
        wanted: Preferred ports; 0 means any.

    Returns:
        One port for each: the preferred one if it is free.
    """
    with ExitStack() as stack:
        return [_reserve(stack, port) for port in wanted]


def _reserve(stack: ExitStack, port: int) -> int:
    holder = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if answers(port):
            port = 0
        holder.bind(("127.0.0.1", port))
    except OSError:
        holder.bind(("127.0.0.1", 0))
    return int(holder.getsockname()[1])


def answers(port: int) -> bool:
    """Return whether a process listens on a loopback port.

    Args:
        port: The port.

    Returns:
        Whether one listens.
    """
    if port == 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
