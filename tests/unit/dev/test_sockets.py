"""The guard of the unit tests themselves."""

import socket

import pytest
from pytest_socket import SocketBlockedError


def test_a_unit_test_cannot_open_a_socket() -> None:
    with pytest.warns(UserWarning, match="tried to use"), pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def test_a_unit_test_may_use_pairs_of_local_sockets() -> None:
    one, other = socket.socketpair()
    one.close()
    other.close()


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_marked_unit_test_reaches_loopback_only() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        socket.create_connection(listener.getsockname()).close()
