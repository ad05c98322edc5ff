"""The embedded server of the Redis protocol. It keeps nothing on disk: what matters is in Postgres."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from dev.binaries import find_redis
from dev.ports import LOOPBACK, remembered_port
from dev.state import State, write_private
from dev.supervise import Program

CONFIGURATION = """\
bind {host}
port {port}
dir {folder}
save ""
appendonly no
daemonize no
requirepass {password}
"""


@dataclass(frozen=True)
class Valkey:
    """One embedded server: program, configuration file and port."""

    binary: Path
    configuration: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @classmethod
    def prepared(cls, state: State, password: str) -> Valkey:
        """Find the program and write its configuration."""
        folder = state.root / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        valkey = cls(find_redis(), folder / "redis.conf", remembered_port(state, "redis"), password)
        text = CONFIGURATION.format(host=LOOPBACK, port=valkey.port, folder=folder, password=password)
        write_private(valkey.configuration, text)
        return valkey

    def program(self) -> Program:
        """How to run it, in the foreground."""
        return Program(
            name="redis",
            argv=[str(self.binary), str(self.configuration)],
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            ready=self.answers,
            rank=1,
            shown=False,
            folder=self.configuration.parent,
        )

    def answers(self) -> bool:
        """Whether it takes our password and a ping."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer:
                    part = connection.recv(200)
                    if not part or part.startswith(b"-"):
                        return False
                    answer += part
        except OSError:
            return False
        return True
