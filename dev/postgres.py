"""The embedded Postgres: its data, its start in the foreground, its leftovers."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev import processes
from dev.accounts import Account, database_account, may_use, run_as
from dev.binaries import PostgresPrograms, find_postgres
from dev.ports import LOOPBACK, remembered_port
from dev.state import State, write_private
from dev.supervise import Program
from dev.trouble import Trouble

USER = "portal"
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # for data that nobody will miss


@dataclass(frozen=True)
class Postgres:
    """One embedded Postgres: programs, home folder (data below it), account and port."""

    programs: PostgresPrograms
    home: Path
    account: Account | None
    port: int
    password: str

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/postgres"

    @classmethod
    def prepared(cls, state: State, password: str, *, durable: bool) -> Postgres:
        """Find the programs, make the data if there is none, clear what a killed server left."""
        account = database_account()
        home = _home(state, account)
        postgres = cls(
            find_postgres(account, home), home, account, remembered_port(state, "postgres"), password
        )
        if (postgres.data / "PG_VERSION").is_file():
            postgres._check_version()
            postgres._clear_leftover()
        else:
            postgres._initialise(durable=durable)
        return postgres

    def program(self, *, durable: bool) -> Program:
        """How to run it: in the foreground, so that it is our own child and its end is noticed at once."""
        settings = [f"listen_addresses={LOOPBACK}", f"port={self.port}", "unix_socket_directories="]
        settings += () if durable else CARELESS
        argv = [str(self.programs.folder / "postgres"), "-D", str(self.data)]
        return Program(
            name="postgres",
            argv=[*argv, *(part for setting in settings for part in ("-c", setting))],
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            ready=self.answers,
            account=self.account,
            rank=2,
            shown=False,
            folder=Path("/"),
            # SIGINT is its fast stop: clients are cut off, the data is closed properly
            stop=((0, signal.SIGINT), (8, signal.SIGQUIT), (12, signal.SIGKILL)),
        )

    def answers(self) -> bool:
        """Whether it takes our password and a query."""
        import psycopg  # here, not above: half of the launcher's commands need no database

        with (
            socket.socket() as probe
        ):  # a refused connection is the usual answer at first, and cheaper this way
            if probe.connect_ex((LOOPBACK, self.port)) != 0:
                return False
        try:
            with psycopg.connect(self.url, connect_timeout=3) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Trouble(
                    f"The database in {self.home} was made with another password than secrets.env has: "
                    "put that file back, or remove the folder to begin anew."
                )
            return False
        return True

    def remove(self) -> None:
        """Remove the data for good (a throwaway server)."""
        shutil.rmtree(self.home, ignore_errors=True)

    def _initialise(self, *, durable: bool) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # half made, by a start that was interrupted
        password_file = self.home / "password"
        write_private(password_file, self.password)
        if self.account:
            os.chown(password_file, self.account.uid, self.account.gid)
        # Before 17 there is no built-in provider; with it, sorting and case do not depend on the machine.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if self.programs.major < 17:
            locale = ["--locale=C.UTF-8"]
        try:
            answer = run_as(
                self.account,
                [
                    self.programs.folder / "initdb",
                    *("-D", str(self.data), "-U", USER, "-E", "UTF8", *locale),
                    *("-A", "scram-sha-256", f"--pwfile={password_file}", "--no-instructions"),
                    *(() if durable else ("--no-sync",)),
                ],
            )
        finally:
            password_file.unlink(missing_ok=True)
        if answer.returncode != 0:
            words = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Trouble(f"The database could not be made in {self.home}: {words}")

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.programs.major):
            raise Trouble(
                f"The database in {self.home} was made by Postgres {made_by}, this is {self.programs.major}: "
                "set PG_BIN to the older one, or remove the folder to begin anew."
            )

    def _clear_leftover(self) -> None:
        """End a server that still holds the data; remove the pid file of one that was killed.

        Postgres refuses to start while the number in its pid file belongs to any living process of the same
        account, a zombie or a stranger included, so the file is judged here.
        """
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        began = processes.identity(pid)
        if began is not None and _holds(pid, self.data):
            processes.end_leftover(pid, began, signal.SIGINT)
        elif began is None or not _holds(pid, self.data):
            file.unlink(missing_ok=True)


def _holds(pid: int, data: Path) -> bool:
    """Whether that process is the Postgres of this data folder."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        answer = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return f"-D {data}" in answer.stdout
    return str(data) in words


def _home(state: State, account: Account | None) -> Path:
    """The folder for the data: in the state folder, or, if the account cannot get there, below /var/lib."""
    home = state.root / "postgres"
    if not _usable(home, account):
        key = hashlib.sha256(str(state.root).encode()).hexdigest()[:12]
        home = Path("/var/lib") / f"mailroom-{key}"
        if not _usable(home, account):
            who = account.name if account else "this account"
            raise Trouble(f"There is no folder for the database that {who} can use.")
    return home


def _usable(home: Path, account: Account | None) -> bool:
    made = not home.exists()
    try:
        home.mkdir(mode=0o700, exist_ok=True)
        if account:
            os.chown(home, account.uid, account.gid)
    except OSError:
        return False
    usable = may_use(account, home)
    if made and not usable:
        home.rmdir()
    return usable
