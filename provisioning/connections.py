"""From a connection's row to a client: opens the sealed key, hands out salts, keeps the rate, tells of each call."""

from __future__ import annotations

import logging
import threading

import structlog

from provisioning import secrets, tallies
from provisioning.gate import Gate
from provisioning.models import Connection
from provisioning.salts import Salts
from provisioning.synaq import Client, Dialect
from provisioning.synaq.transport import Made

# A line for each call is worth its own way out: structlog's would cost a tenth of what the call does
wire = logging.getLogger("provisioning.wire")


def told(made: Made) -> None:
    """One call to SYNAQ: a line in the log, with the id of the click that it is for, and a count. No query, no body."""
    shape = made.call.shape
    tallies.add("mailroom_synaq_calls", call=shape, meaning=made.meaning)
    tallies.observe("mailroom_synaq_call_seconds", made.seconds, call=shape)
    if wire.isEnabledFor(logging.INFO):
        wire.info(
            {
                "event": "synaq call", **structlog.contextvars.get_contextvars(), "call": shape,
                "path": made.call.path, "status": made.status, "meaning": made.meaning,
                "ms": round(made.seconds * 1000, 1), **({"created": made.guid} if made.guid else {}),
            }
        )  # fmt: skip


_clients: dict[int, tuple[tuple[object, ...], Client]] = {}
_clients_lock = threading.Lock()


def client_for(connection: Connection) -> Client:
    """The process's client for this connection; a new one when address, key, dialect or rate have changed.

    Raises `secrets.CannotOpen` where the key cannot be unsealed, ValueError where the address or key is no such thing.
    """
    facts = (
        connection.base_url,
        connection.api_user,
        connection.sealed_key,
        connection.dialect,
        connection.rate,
    )
    with _clients_lock:
        known = _clients.get(connection.pk)
        if known and known[0] == facts:
            return known[1]
        client = Client(
            connection.base_url,
            connection.api_user,
            secrets.unseal(connection.sealed_key)["key"],
            dialect=Dialect(connection.dialect),
            salts=Salts(connection.api_user),
            gate=Gate(f"synaq-{connection.pk}", connection.rate),
            observe=told,
        )
        _clients[connection.pk] = (facts, client)
        return client
