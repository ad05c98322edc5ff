"""Which account the database runs under: Postgres refuses to be root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from dev.trouble import Trouble

CANDIDATES = ("nobody", "postgres", "daemon", "www-data")


class PopenAccount(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the account."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Account:
    """An ordinary account that root can run a process under."""

    name: str
    uid: int
    gid: int

    def for_popen(self) -> PopenAccount:
        return PopenAccount(user=self.uid, group=self.gid, extra_groups=())


def database_account() -> Account | None:
    """The account to drop to; None when we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise Trouble(
        "The database cannot run as root and there is no ordinary account here: start it as another user."
    )


def run_as(
    account: Account | None, argv: Sequence[str | Path], folder: Path | str = "/"
) -> subprocess.CompletedProcess[str]:
    """Run a short program under that account and return what it said; it is not checked.

    The folder is `/` unless told: the account may not be able to stand in ours.
    """
    return subprocess.run(
        [str(part) for part in argv],
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **(account.for_popen() if account else {}),
    )


def may_use(account: Account | None, folder: Path) -> bool:
    """Whether the account can reach the folder and write in it, by trying: parents may be closed to it."""
    try:
        return (
            run_as(account, ["/bin/sh", "-c", 'test -w "$1" && test -x "$1"', "sh", folder]).returncode == 0
        )
    except OSError:
        return False
