"""Postgres and Redis for one launcher: those that the environment names, else embedded ones."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dev.postgres import Postgres
from dev.state import State
from dev.supervise import Supervisor
from dev.valkey import Valkey


@dataclass(frozen=True)
class Servers:
    """Where the two servers answer, the embedded Postgres if it is ours, the secrets."""

    database_url: str
    redis_url: str
    postgres: Postgres | None
    secrets: dict[str, str]

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def start_servers(state: State, supervisor: Supervisor, secrets: dict[str, str], *, durable: bool) -> Servers:
    """Start what is not given by DATABASE_URL and REDIS_URL, and wait until both answer.

    Leftovers of an earlier launcher must be cleared before (`clear_leftovers`).

    Args:
        durable: False for data that is thrown away; saves the waiting for the disk.
    """
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    postgres = None
    if not redis_url:
        valkey = Valkey.prepared(state, secrets["REDIS_PASSWORD"])
        supervisor.start(valkey.program())
        redis_url = valkey.url
    if not database_url:
        postgres = Postgres.prepared(state, secrets["POSTGRES_PASSWORD"], durable=durable)
        supervisor.start(postgres.program(durable=durable))
        supervisor.wait_ready("postgres")
        database_url = postgres.url
    if not os.environ.get("REDIS_URL"):
        supervisor.wait_ready("redis")
    return Servers(database_url, redis_url, postgres, secrets)
