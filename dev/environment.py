"""The environment that the portal's processes get from the launcher."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dev.ports import LOOPBACK
from dev.settings import Wanted
from dev.state import State

HOSTS = f"localhost,{LOOPBACK},[::1]"
OWNER = "owner@mailroom.test"


def portal_environment(
    state: State, secrets: Mapping[str, str], servers: Mapping[str, str], wanted: Wanted, port: int, api: str
) -> dict[str, str]:
    """Everything that the web server, the worker, beat and the management commands need.

    What the person has set in the environment wins over what the launcher made up, except for the servers'
    addresses. `development` here means: plain HTTP on loopback is all right. Debug pages stay off.

    Args:
        api: address of the API, the sandbox's or the one asked for.
    """
    made_up = {
        "MAILROOM_ENV": "development",
        "MAILROOM_INSECURE_HTTP": "true",
        "DEBUG": "false",
        "SECRET_KEY": secrets["SECRET_KEY"],
        "SEAL_KEYS": secrets["SEAL_KEYS"],
        "ALLOWED_HOSTS": HOSTS,
        "PORTAL_URL": f"http://localhost:{port}",
        "PORTAL_ADMIN_EMAIL": OWNER,
        "PORTAL_ADMIN_PASSWORD": secrets["PORTAL_ADMIN_PASSWORD"],
        "STATIC_ROOT": str(state.root / "static"),
        "SECOND_FACTOR_ROLES": "",  # the demo opens with a password alone
    }
    connection = {"SYNAQ_BASE_URL": api, "SYNAQ_DIALECT": wanted.dialect}
    if wanted.sandbox:
        connection |= {
            "SYNAQ_API_USER": secrets["SANDBOX_USER"],
            "SYNAQ_API_KEY": secrets["SANDBOX_KEY"],
            "SYNAQ_RESELLER_GUID": secrets["SANDBOX_RESELLER_GUID"],
            "SYNAQ_RATE": "300",  # the demo is read through the API, and nobody else waits at the sandbox
        }
    # What is imported is kept compiled, whatever the shell says: a second start takes half the time.
    given = {name: value for name, value in os.environ.items() if value and name != "PYTHONDONTWRITEBYTECODE"}
    return {**made_up, **given, **servers, **connection, "PORT": str(port), "PYTHONUNBUFFERED": "1"}


def sandbox_environment(
    state: State, secrets: Mapping[str, str], wanted: Wanted, port: int
) -> dict[str, str]:
    """What the sandbox needs; its speed and seed may be given from outside."""
    fixed = {name: secrets[name] for name in ("SANDBOX_USER", "SANDBOX_KEY", "SANDBOX_RESELLER_GUID")}
    return {
        "SANDBOX_SEED": "demo",
        "SANDBOX_ACTION_SECONDS": "0.5-3",
        **os.environ,
        **fixed,
        "SANDBOX_DIALECT": wanted.dialect,
        "SANDBOX_PORT": str(port),
        "SANDBOX_STATE": str(state.root / "sandbox.sqlite3"),
        "PYTHONUNBUFFERED": "1",
    }


def test_environment(servers: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """What tests and checks get: servers and secrets of their own, nothing of the person's connection."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SYNAQ_", "SANDBOX_", "PORTAL_"))
    }
    return {
        **kept,
        **servers,
        "MAILROOM_ENV": "development",
        "DEBUG": "false",
        "SECRET_KEY": secrets["SECRET_KEY"],
        "SEAL_KEYS": secrets["SEAL_KEYS"],
        "ALLOWED_HOSTS": f"{HOSTS},testserver",
        "PORTAL_URL": "https://portal.example",
        "SECOND_FACTOR_ROLES": "",
    }
