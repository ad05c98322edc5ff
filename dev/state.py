"""The state folder: where one installation of the launcher keeps everything it makes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dev.trouble import Trouble

CHECKOUT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
NEEDED_MEGABYTES = 300  # the database starts at 40 MB; the rest is room for it, its journal and the logs


@dataclass(frozen=True)
class State:
    """The paths of one state folder (MAILROOM_STATE, else `var/` of the checkout)."""

    root: Path

    @classmethod
    def chosen(cls, *, connected: bool = False) -> State:
        """The folder that the environment names, made if it is missing.

        Args:
            connected: to a given API. Its data has a folder of its own: demo and customers must not mix.
        """
        default = CHECKOUT / "var" / "synaq" if connected else CHECKOUT / "var"
        state = cls(Path(os.environ.get("MAILROOM_STATE") or default).expanduser().resolve())
        state.make()
        return state

    def make(self) -> None:
        """Create the folder; others may pass through it (the database's account must), not look into it."""
        try:
            if not self.root.is_dir():
                self.root.mkdir(parents=True, mode=0o711)
            for folder in (self.logs, self.holds):
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise Trouble(f"The state folder {self.root} cannot be used: {error.strerror}.") from error

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def holds(self) -> Path:
        """A file here named after a process keeps that process stopped."""
        return self.root / "hold"

    def release_holds(self) -> None:
        """A new start starts everything."""
        for file in self.holds.iterdir():
            file.unlink()

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.env"

    @property
    def record(self) -> Path:
        return self.root / "run.json"

    def lock(self) -> IO[str]:
        """Take the folder for this process. The lock goes with the process, however that ends."""
        handle = open(self.root / "lock", "a+")  # noqa: SIM115  held open for as long as the program runs
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            where = read_record(self).get("web")
            at = f" at {where}" if where else ""
            raise Trouble(
                f"Mailroom is already running from {self.root}{at}: stop it first, or set MAILROOM_STATE."
            )
        return handle

    def check_space(self, needed: int = NEEDED_MEGABYTES) -> None:
        """Refuse to start on a full disk: a database that runs out of it stops in the middle of work."""
        free = shutil.disk_usage(self.root).free // MEGABYTE
        if free < needed:
            raise Trouble(
                f"There is too little disk space at {self.root}: {free} MB free, {needed} MB needed."
            )


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step, readable by its owner only."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    new.replace(path)


def read_record(state: State) -> dict[str, Any]:
    """What the running (or the last) launcher wrote about itself; empty if there is nothing to read."""
    try:
        record = json.loads(state.record.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(state: State, record: dict[str, Any]) -> None:
    """Write run.json, which tests and the next start read."""
    write_private(state.record, json.dumps(record, indent=2) + "\n")
