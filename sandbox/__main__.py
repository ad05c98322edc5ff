"""`python -m sandbox`: one process, one port, one state file."""

import socket
import sqlite3
import sys
from contextlib import suppress

import uvicorn

from sandbox.app import make_app
from sandbox.seed import fill
from sandbox.settings import BadSettingError, Settings, from_environment
from sandbox.store import Store
from sandbox.wires import bound
from sandbox.world import World


def main() -> int:
    """Start and serve until told to stop; 2 with one sentence where it cannot start."""
    try:
        settings = from_environment()
        listening = listen(settings)
        store = open_store(settings)
        world = open_world(settings, store)
    except BadSettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    host, port = listening.getsockname()[:2]
    sys.stdout.write(f"Sandbox ({settings.dialect}) listens at http://{host}:{port}, control at /control/\n")
    sys.stdout.flush()
    try:
        serve(world, listening)
    finally:
        store.close()
    return 0


def listen(settings: Settings) -> socket.socket:
    """The listening socket; bound here so that a taken port is one sentence."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return bound(family, (settings.host, settings.port))
    except (OSError, OverflowError) as error:
        raise BadSettingError(f"The sandbox cannot use {settings.host}:{settings.port}: {error}.") from None


def open_store(settings: Settings) -> Store:
    """The state file, made where there is none."""
    try:
        return Store(settings.state)
    except (OSError, sqlite3.Error) as error:
        raise BadSettingError(f"The state file {settings.state} cannot be used: {error}.") from None


def open_world(settings: Settings, store: Store) -> World:
    """The world as it was left, or freshly seeded."""
    world = World(settings, store)
    if not world.ous:
        fill(world, settings.seed)
        store.flush()
    elif settings.reseller_guid not in world.ous:
        raise BadSettingError(
            f"The state file {settings.state} belongs to another reseller; choose another file."
        )
    return world


def serve(world: World, listening: socket.socket) -> None:
    """Answer requests until a signal comes."""
    config = uvicorn.Config(
        make_app(world),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    # the server raises the signal again once it has stopped; Ctrl-C is no error of ours
    with suppress(KeyboardInterrupt):
        world.wires.server(config, listening).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())
