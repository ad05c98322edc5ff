"""Below HTTP: the open connections, so that one can be reset, and the port, so that it can be shut for a while."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset instead of a goodbye
BACKLOG = 512
LONGEST_SHUT = 600.0  # seconds: nobody could end it sooner, for the control page is behind the same port
ANSWERED_BY_THEN = 0.05  # seconds: the answer that says that the port will be shut has left

Client = tuple[str, int]


class Wires:
    """The connections of one server, by the address of their other end; none where nothing is served."""

    def __init__(self) -> None:
        self._open: dict[Client, asyncio.Transport] = {}
        self._server: Server | None = None
        self._address: Any = None
        self._family = socket.AF_INET

    # -- serving -----------------------------------------------------------------------------------

    def server(self, config: Config, listening: socket.socket) -> Server:
        """A server for this configuration whose connections are known here."""
        wires = self

        class Known(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client is not None:
                    wires._open[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client is not None:
                    wires._open.pop(self.client, None)

        config.http = Known
        self._server, self._address = Server(config), listening.getsockname()
        self._family = listening.family
        return self._server

    # -- breaking ----------------------------------------------------------------------------------

    async def reset(self, client: Client | None, first: bytes = b"") -> None:
        """Reset a connection, perhaps with some bytes of an answer before it. Returns when it is gone."""
        transport = self._open.get(tuple(client)) if client else None  # type: ignore[arg-type]
        if transport is None:
            return
        if first:
            transport.write(first)
            await asyncio.sleep(0.01)  # a reset that is sent along with them would overtake them
        _reset(transport)
        while client in self._open:
            await asyncio.sleep(0)

    def shut(self, after: float, seconds: float) -> bool:
        """In `after` seconds the port refuses connections for `seconds`, and those that are open are reset."""
        if self._server is None:
            return False
        loop = asyncio.get_running_loop()
        loop.call_later(max(after, ANSWERED_BY_THEN), self._shut, seconds)
        return True

    def refuse(self, seconds: float) -> None:
        """From now on the port refuses connections for `seconds`, and those that are open are reset."""
        if self._server is not None and self._server.servers:
            self._shut(min(seconds, LONGEST_SHUT))

    def _shut(self, seconds: float) -> None:
        assert self._server is not None
        for server in self._server.servers:
            server.close()
        self._server.servers = []
        for transport in list(self._open.values()):
            _reset(transport)
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: loop.create_task(self._open_again()))

    async def _open_again(self) -> None:
        server = self._server
        assert server is not None
        if server.should_exit or server.servers:
            return

        def make() -> asyncio.Protocol:
            made: asyncio.Protocol = server.config.http_protocol_class(  # type: ignore[call-arg]
                config=server.config, server_state=server.server_state, app_state={}
            )
            return made

        listening = bound(self._family, self._address)
        server.servers = [
            await asyncio.get_running_loop().create_server(make, sock=listening, backlog=BACKLOG)
        ]


def bound(family: socket.AddressFamily, address: Any) -> socket.socket:
    """A listening socket; OSError where the address cannot be had."""
    # asyncio switches Nagle off only where the protocol is named; without, every answer waits 40 ms
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)  # who reads our one line may connect at once
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening


def _reset(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
