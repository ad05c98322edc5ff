"""The real program with an empty reseller, somebody who asks for things, and the three books to compare afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psycopg
from psycopg.rows import dict_row

from tests.acceptance.stack import CHECKOUT, Stack
from tests.faults.judge import TABLES, Evidence, Row, Verdict, change_of, judge, name_of

Wish = dict[str, Any]
METRICS_TOKEN = "a-token-for-the-tests-of-faults"
QUICK = "0.1-0.4"  # seconds that an action takes unless a test wants it otherwise
PATIENCE = 60.0  # seconds for which a server may be away
# Rows that are still worked on, or come due by themselves. An unconfirmed one without a time waits for a person, and what
# stands in line behind it waits too.
OPEN = """
    SELECT count(*) AS n FROM provisioning_action a
    WHERE a.state IN ('sending', 'waiting') OR (a.state = 'unconfirmed' AND a.next_at IS NOT NULL)
       OR (a.state = 'queued' AND NOT EXISTS (
            SELECT 1 FROM provisioning_action b
            WHERE b.lock_key = a.lock_key AND b.state = 'unconfirmed' AND b.next_at IS NULL))
"""


@dataclass(frozen=True)
class Place:
    """A customer with one package and one domain that takes mailboxes."""

    company: str
    package: str
    domain: str
    name: str


class Scene:
    """One running Mailroom, its sandbox, and a process that asks for things as people do."""

    def __init__(self, dialect: str, seed: int, **settings: str) -> None:
        self.dialect, self.dice = dialect, random.Random(f"{seed} {dialect}")
        self.stack = Stack(
            None,
            SANDBOX_SEED="empty", SANDBOX_DIALECT=dialect, SYNAQ_DIALECT=dialect, SANDBOX_ACTION_SECONDS=QUICK,
            LOG_LEVEL="WARNING", METRICS_TOKEN=METRICS_TOKEN, **settings,
        )  # fmt: skip
        self.asked: dict[int, Wish] = {}  # by the ledger's row: the same wish of two people is one
        self.tampered: set[str] = set()
        self._asker: subprocess.Popen[str] | None = None
        self._numbers = iter(range(1, 10**9))

    def start(self) -> Scene:
        self.stack.start(240)
        with (self.stack.state / "asker.log").open("ab") as log:
            self._asker = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.asker"],
                cwd=CHECKOUT, env=self.environment("worker"), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return self

    def remove(self) -> None:
        if self._asker is not None:
            self._asker.kill()
            self._asker.communicate()
        self.stack.remove()

    def environment(self, name: str) -> dict[str, str]:
        """What one of the running processes was started with."""
        text = Path(f"/proc/{self.stack.pids()[name]}/environ").read_text()
        return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)

    # -- asking

    def ask(self, *wishes: Wish) -> list[int | None]:
        """The ledger's row of each wish; None where it was refused. Those that were taken on have to come true."""
        assert self._asker is not None
        assert self._asker.stdin is not None
        assert self._asker.stdout is not None
        wanted = [{"submission": str(uuid.uuid4()), **wish} for wish in wishes]
        self._asker.stdin.write(json.dumps(wanted) + "\n")
        self._asker.stdin.flush()
        line = self._asker.stdout.readline()
        assert line, (self.stack.state / "asker.log").read_text()[-3000:]
        answers = json.loads(line)
        for wish, answer in zip(wanted, answers, strict=True):
            if "id" in answer and wish["what"] not in ("settle", "read"):
                self.asked[answer["id"]] = wish
        return [answer.get("id") for answer in answers]

    def ask_and_die(self, wish: Wish) -> int:
        """Somebody asks, and the process that takes it on is killed between commit and announcement. The ledger's row."""
        wanted = {"submission": str(uuid.uuid4()), **wish}
        died = subprocess.run(
            [sys.executable, "-m", "tests.faults.asker", "--dies"],
            cwd=CHECKOUT, env=self.environment("web"), text=True, capture_output=True, timeout=60,
            input=json.dumps([wanted]) + "\n", check=False,
        )  # fmt: skip
        assert died.returncode == -signal.SIGKILL, died.stderr[-3000:]
        (row,) = (row for row in self.ledger() if row["submission"] == wanted["submission"])
        self.asked[row["id"]] = wish
        return int(row["id"])

    def make(self, *wishes: Wish) -> list[str]:
        """Ask, and wait until all is done; the GUID of what each made."""
        ids = self.ask(*wishes)
        assert None not in ids, wishes
        self.wait_until_quiet()
        rows = {row["id"]: row for row in self.ledger()}
        for pk in ids:
            assert rows[pk]["state"] == "finished", rows[pk]
        return [str(rows[pk]["result_guid"]) for pk in ids]

    def place(self) -> Place:
        """A new customer that can take mailboxes."""
        number = next(self._numbers)
        name = f"customer{number}.example"
        (company,) = self.make({"what": "company", "title": f"Customer {number}"})
        (package,) = self.make({"what": "package", "guid": company})
        (domain,) = self.make({"what": "domain", "guid": package, "name": name})
        if self.dialect == "current":
            self.make({"what": "fields", "guid": domain})
        self.make({"what": "on domain", "guid": domain, "operation": "domain.provision"})
        return Place(company, package, domain, name)

    def mailboxes(self, place: Place, count: int) -> list[Wish]:
        """So many wishes for new mailboxes there."""
        return [
            {"what": "mailbox", "guid": place.domain, "local": f"m{next(self._numbers)}"}
            for _ in range(count)
        ]

    def active_mailboxes(self, place: Place, count: int) -> list[str]:
        """So many mailboxes in service, by their GUIDs."""
        guids = self.make(*self.mailboxes(place, count))
        if self.dialect == "current":
            self.make(*({"what": "on mailbox", "guid": g, "operation": "mailbox.provision"} for g in guids))
        return guids

    def changes(self, guids: Iterable[str]) -> list[Wish]:
        """One change of each mailbox, of a kind that the dice choose."""
        kinds: list[Wish] = [
            {"what": "on mailbox", "operation": "mailbox.suspend"},
            {"what": "on mailbox", "operation": "mailbox.close"},
            {"what": "edit"},
            {"what": "edition"},
            {"what": "delete"},
        ]
        return [
            {**self.dice.choice(kinds), "guid": guid, "name": f"Name {next(self._numbers)}"} for guid in guids
        ]

    # -- looking

    def rows(self, question: str) -> list[Row]:
        """What the portal's database says; while it is away, as soon as it is back."""

        def ask() -> list[Row]:
            with psycopg.connect(self.stack.database_url, autocommit=True, row_factory=dict_row) as database:
                return list(database.execute(question.encode()).fetchall())

        return list(self._patiently(ask))

    def tell_database(self, command: str) -> None:
        def tell() -> None:
            with psycopg.connect(self.stack.database_url, autocommit=True) as database:
                database.execute(command.encode())

        self._patiently(tell)

    def ledger(self) -> list[Row]:
        return self.rows(
            "SELECT id, operation, state, lock_key, kind, guid, title, payload, result_kind, result_guid, words, meaning,"
            " submission::text AS submission, attempt, next_at, asked_at, sent_at, accepted_at, ended_at"
            " FROM provisioning_action ORDER BY id"
        )

    def row(self, pk: int | None) -> Row:
        return next(row for row in self.ledger() if row["id"] == pk)

    def events(self, pk: int | None) -> list[str]:
        """The history of an action, as lines `kind text`."""
        found = self.rows(
            f"SELECT kind, text FROM provisioning_event WHERE action_id = {pk or 0} ORDER BY id"
        )
        return [f"{row['kind']} {row['text']}".strip() for row in found]

    def open_rows(self) -> int:
        return int(self.rows(OPEN)[0]["n"])

    def control(self, path: str, **facts: Any) -> Any:
        """Tell the sandbox something; while its port is shut, as soon as it is open again."""
        return self._patiently(lambda: self.stack.control(path, facts))

    def look(self, path: str) -> Any:
        """What the sandbox says of itself."""
        return self._patiently(lambda: self.stack.control(path))

    def _patiently(self, call: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except (URLError, ConnectionError, psycopg.OperationalError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    # -- time

    def wait_until(self, condition: Callable[[], object], seconds: float, what: str) -> float:
        """Wait for it; returns the seconds that it took."""
        began = time.monotonic()
        Stack.wait_until(condition, seconds, what)
        return time.monotonic() - began

    def wait_until_quiet(self, seconds: float = 90) -> None:
        """Nothing is under way, and nothing is going to be by itself."""

        def quiet() -> bool:
            waits = "SELECT count(*) AS n FROM provisioning_reading WHERE due_at IS NOT NULL"
            return self.open_rows() == 0 and self.rows(waits)[0]["n"] == 0

        self.wait_until(quiet, seconds, "the end of all that is under way")

    def wait_until_settled(self, seconds: float = 90) -> None:
        """The same, and nobody waits for the pauses between look-ups, nor for those of the breaker."""
        end = time.monotonic() + seconds
        while True:
            with suppress(AssertionError):
                self.wait_until_quiet(0.7)
                return
            if time.monotonic() > end:
                rows = [
                    row for row in self.ledger() if row["state"] not in ("finished", "failed", "cancelled")
                ]
                raise AssertionError(f"still under way after {seconds:.0f} s: {rows}")
            self.tell_database(
                "UPDATE provisioning_action SET next_at = now()"
                " WHERE state = 'unconfirmed' AND next_at > now() AND lease_until IS NULL"
            )
            self.tell_database(
                "UPDATE provisioning_connection SET retry_at = now()"
                " WHERE broken_since IS NOT NULL AND retry_at > now() + interval '2 s'"
            )

    def move_the_clock_on(self) -> None:
        """Leases run out and look-ups come due, as if half a minute had passed. Only while nobody holds a lease."""
        self.tell_database(
            "UPDATE provisioning_action SET next_at = now(), lease_until = NULL"
            " WHERE lease_until IS NOT NULL OR (state = 'unconfirmed' AND next_at IS NOT NULL)"
        )
        self.tell_database(
            "UPDATE provisioning_reading SET due_at = now() WHERE due_at IS NOT NULL AND attempt > 0"
        )
        self.tell_database(
            "UPDATE provisioning_connection SET retry_at = NULL WHERE broken_since IS NOT NULL"
        )

    # -- breaking

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """These, and no others, are planned from now on."""
        self.control("faults", seed=self.dice.randrange(10**9), faults=list(faults))

    def vanish(self, guid: str) -> None:
        """A thing is removed behind our back: its books say nothing more of what became of actions on it."""
        self.control("vanish", guid=guid)
        self.tampered.add(guid)

    def drivers(self) -> list[int]:
        """The worker's children, in which the driving is done."""
        worker = self.stack.pids().get("worker")
        return children_of(worker) if worker else []

    def kill_drivers(self) -> None:
        """-9 to the processes that drive; the worker itself starts others in their place."""
        for pid in self.drivers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_worker(self) -> None:
        """-9 to the worker and its children; it stays away until `start_again`."""
        pids = self.drivers()
        self.stack.kill("worker")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # -- settling

    def somebody_settles(self) -> int:
        """Somebody looks at SYNAQ and says of each action that nobody could tell whether it happened."""
        books, truth = self.look("books")["objects"], self.look("truth")
        rows = self.ledger()
        taken = {row["result_guid"] for row in rows if row["result_guid"]}
        unsure = [row for row in rows if row["state"] == "unconfirmed" and row["next_at"] is None]
        for row in unsure:
            guid = ""
            if row["result_kind"]:
                there = [
                    guid for guid, body in truth[row["result_kind"]].items() if name_of(row) == called(body)
                ]
                guid = next((guid for guid in there if guid not in taken), "")
                happened = bool(guid)
                taken.add(guid)
            else:
                before = [
                    one for one in rows if one["guid"] == row["guid"] and one["operation"] == row["operation"]
                ]
                done = sum(one["state"] == "finished" for one in before)
                change = change_of(row)
                alike = [change, "Edit"] if change == "Update" else [change]
                there_now = sum(books.get(row["guid"], {}).get("accepted", {}).get(one, 0) for one in alike)
                made = next(
                    (one for one in rows if one["result_guid"] == row["guid"] and one["result_kind"]), None
                )
                if change == "Provision" and made and made["payload"].get("provision_immediately"):
                    there_now -= 1
                happened = there_now > done
            self.ask({"what": "settle", "id": row["id"], "applied": happened, "guid": guid})
        return len(unsure)

    # -- judging

    def verdict(self) -> Verdict:
        mirror = {
            kind: self.rows(
                f"SELECT guid, {name} AS name, state, gone_at IS NOT NULL AS gone,"
                f" {'display_name' if kind == 'mailbox' else 'NULL AS display_name'} FROM provisioning_{kind}"
            )
            for kind, name in TABLES.items()
        }
        return judge(
            Evidence(
                self.asked, self.ledger(), mirror, self.look("books"), self.look("truth"), frozenset(self.tampered)
            )
        )  # fmt: skip

    def must_agree(self) -> Verdict:
        """All three books say the same, and nothing was lost or doubled."""
        verdict = self.verdict()
        assert not verdict.wrong, "\n".join([verdict.line, *verdict.wrong])
        return verdict

    def states(self, ids: Sequence[int | None]) -> list[str]:
        rows = {row["id"]: row["state"] for row in self.ledger()}
        return [rows[pk] for pk in ids if pk is not None]


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, theirs included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry.parent.name), *children_of(int(entry.parent.name))]
    return found


def called(body: Mapping[str, Any]) -> str:
    """How SYNAQ calls a thing that it shows."""
    name = body.get("email") or body.get("domain_name") or body.get("title") or body.get("code")
    return str(name).casefold()
