"""Loopback ports: is one free, find one, keep the same one from start to start."""

from __future__ import annotations

import json
import socket

from dev.state import State, write_private

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now (leftover connections of an earlier one do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def remembered_port(state: State, name: str) -> int:
    """The port that this server had the last time if it is still free, else a new one."""
    path = state.root / "ports.json"
    try:
        ports: dict[str, int] = json.loads(path.read_text())
    except (OSError, ValueError):
        ports = {}
    port = ports.get(name, 0)
    if not port or not is_free(port):
        port = free_port()
        write_private(path, json.dumps(ports | {name: port}))
    return port
