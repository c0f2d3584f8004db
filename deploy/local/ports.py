"""Find free TCP ports, and the process that holds one."""

from __future__ import annotations

import random
import socket

import psutil

# Below the range from which Linux takes the ports of outgoing connections: there a free port may be gone at once.
_FIRST, _LAST = 20_000, 32_000
HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(taken: frozenset[int] | set[int] = frozenset()) -> int:
    """Return a port that is free now and not in `taken`. Raises `RuntimeError` if 200 tries find none."""
    for _ in range(200):
        port = random.randrange(_FIRST, _LAST)  # noqa: S311 - a port is no secret
        if port not in taken and is_free(port):
            return port
    raise RuntimeError(f"No free port between {_FIRST} and {_LAST}.")


def holder(port: int) -> str | None:
    """Return `name (pid 123)` of the process that listens on the port, or None if this user may not know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.Error:
                return None
    return None
