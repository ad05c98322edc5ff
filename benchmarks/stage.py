"""What benchmarks run on: an empty database, a sandbox with one domain in service, Celery workers, a web server.

All of it real processes of their own, gone when the benchmark ends, however it ends.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from benchmarks import machine
from benchmarks.rows import SEED

ROOT = Path(__file__).resolve().parents[1]
USER, KEY, RESELLER = "bench@mailroom.test", "a-key-for-benchmarks", "11111111-2222-3333-4444-555555555555"
EDITION = "SYN-CMS-BASIC-02"
UNBOUND = 2_000  # calls a second: more than this machine can make, so that the gate is asked and never closes
Environment = Mapping[str, str]


def say(words: str) -> None:
    print(f"  … {words}", flush=True)


def scaled(count: int) -> int:
    """A count as `BENCH_SCALE` makes it: 0.2 for a quick look, 1 for what is kept."""
    return max(1, round(count * float(os.environ.get("BENCH_SCALE", "1"))))


@contextmanager
def database(**settings: str) -> Iterator[dict[str, str]]:
    """An empty database of its own, used by this process too; the environment for processes that are to use it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
    from django.db import connection, connections

    before = connection.settings_dict["NAME"]
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    given = {"USAGE_HOUR": "off", "LOG_LEVEL": "WARNING", **settings}
    flush_redis()
    try:
        yield {**os.environ, "DATABASE_URL": address, **given}
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(before, verbosity=0)


@contextmanager
def copied() -> Iterator[Any]:
    """A copy of the database as it is now: a connection to it, for `looking_at`."""
    from django.db import connection, connections

    name = "copy"
    connection.close()
    connection.creation.clone_test_db(name, verbosity=0, autoclobber=True)
    copy = type(connections["default"])(connection.creation.get_test_db_clone_settings(name), "default")
    try:
        yield copy
    finally:
        copy.close()
        connection.creation.destroy_test_db(suffix=name, verbosity=0)


@contextmanager
def looking_at(base: Any) -> Iterator[None]:
    """This process uses that connection to a database."""
    from django.db import connections

    before = connections["default"]
    connections["default"] = base
    try:
        yield
    finally:
        connections["default"] = before


def flush_redis() -> None:
    """What an earlier benchmark left with the broker is none of this one's."""
    redis().flushdb()


def redis() -> Any:
    from django.conf import settings
    from redis import Redis

    return Redis.from_url(settings.REDIS_URL)


# --- processes ----------------------------------------------------------------------------------------------------------


def start(argv: Sequence[str], environment: Environment, **more: Any) -> subprocess.Popen[Any]:
    """A process that ends by itself."""
    return subprocess.Popen(argv, env=dict(environment), cwd=ROOT, **more)


@contextmanager
def running(argv: Sequence[str], environment: Environment, **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that is stopped, or killed where it does not heed."""
    process = start(argv, environment, **more)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in machine.tree(process.pid):
                os.kill(pid, 9)
            process.wait(10)


@contextmanager
def worker(environment: Environment, processes: int) -> Iterator[subprocess.Popen[Any]]:
    """A Celery worker as it runs in production, with so many processes below it, each of which drives."""
    argv = [
        *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "portal.celery:app", "worker"),
        *("--pool", "prefork", "-c", str(processes), "--without-mingle", "--without-gossip", "-l", "WARNING"),
    ]
    with running(argv, environment) as process:
        wait_for(lambda: len(machine.tree(process.pid)) > processes, 30, "the worker's processes")
        yield process


@contextmanager
def beat(environment: Environment) -> Iterator[subprocess.Popen[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        argv = [
            *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "portal.celery:app", "beat"),
            *("--schedule", f"{folder}/schedule", "--pidfile=", "-l", "WARNING"),
        ]
        with running(argv, environment) as process:
            yield process


@contextmanager
def web(environment: Environment) -> Iterator[tuple[str, subprocess.Popen[Any]]]:
    """The web server as it runs in production: its address, its process."""
    from dev.programs import GUNICORN

    port = free_port()
    argv = [sys.executable, "-m", *GUNICORN, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    if Path("/dev/shm").is_dir():  # noqa: S108  as the launcher does
        argv += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    url = f"http://127.0.0.1:{port}"
    with running(argv, environment) as process:
        wait_for(lambda: answers(f"{url}/accounts/login/"), 60, "the web server")
        yield url, process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code < 500
    except requests.RequestException:
        return False


def wait_for(condition: Callable[[], object], seconds: float, what: str, every: float = 0.05) -> None:
    """Wait until the condition holds. Raises TimeoutError that names it when it does not come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(every)


# --- the API and what the mirror shows of it ------------------------------------------------------------------------------


@dataclass
class World:
    """What the sandbox holds: a company with a package and one domain in service, and mailboxes on it."""

    company: str
    package: str
    domain: str
    name: str = "bench.example"
    mailboxes: list[tuple[str, str]] = field(default_factory=list)  # GUID, address


@dataclass
class Api:
    """The running sandbox."""

    url: str
    process: subprocess.Popen[Any]
    world: World

    def ask(self, what: str) -> Any:
        answer = requests.get(f"{self.url}/control/{what}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def finished_at(self) -> dict[str, float]:
        """When each remote action finished there, by its id (epoch seconds)."""
        return {str(row["id"]): row["finished_at"] for row in self.ask("actions") if row["finished_at"]}


@contextmanager
def api(seconds: str, mailboxes: int = 0, late: float = 0.0) -> Iterator[Api]:
    """A sandbox whose actions take so many seconds, with one domain in service and mailboxes on it. `late`: seconds that a
    call takes to arrive."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sandbox.sqlite3"
        world, port = _fill(file, mailboxes), free_port()
        environment = os.environ | {
            "SANDBOX_PORT": str(port), "SANDBOX_STATE": str(file), "SANDBOX_USER": USER, "SANDBOX_KEY": KEY,
            "SANDBOX_RESELLER_GUID": RESELLER, "SANDBOX_DIALECT": "legacy", "SANDBOX_SEED": "empty",
            "SANDBOX_ACTION_SECONDS": seconds,
        }  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        with running([sys.executable, "-m", "sandbox"], environment, stdout=subprocess.DEVNULL) as process:
            wait_for(lambda: answers(f"{url}/control/books"), 20, "the sandbox")
            with _line(port, late) as at:
                yield Api(f"http://127.0.0.1:{at}", process, world)


@contextmanager
def _line(port: int, late: float) -> Iterator[int]:
    """The port at which what listens on that port is far away; the port itself where it is not."""
    if not late:
        yield port
        return
    at = free_port()
    argv = [sys.executable, "-m", "benchmarks.far", *map(str, (at, port, late))]
    with running(argv, os.environ):
        wait_for(lambda: answers(f"http://127.0.0.1:{at}/control/books"), 20, "the line to the sandbox")
        yield at


def _fill(file: Path, mailboxes: int) -> World:
    from sandbox.settings import Settings
    from sandbox.store import Store
    from sandbox.things import Domain, Mailbox, Ou, Package
    from sandbox.world import World as Sandbox

    dice = random.Random(SEED)

    def guid() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    found = World(guid(), guid(), guid())
    store = Store(str(file))
    world = Sandbox(Settings(user=USER, key=KEY, reseller_guid=RESELLER, seed="empty"), store)
    world.save(Ou(RESELLER, None, "reseller", "Reseller", {}))
    world.save(Ou(found.company, RESELLER, "company", "Company", {}))
    world.save(Package(found.package, found.company, "SYN-CMS", [EDITION]))
    world.save(Domain(found.domain, found.company, found.name, {found.package: "active"}))
    for number in range(mailboxes):
        box = Mailbox(guid(), found.domain, f"m{number}", {found.package: EDITION}, state="active")
        world.save(box)
        found.mailboxes.append((box.guid, f"m{number}@{found.name}"))
    store.close()
    return found


def mirror(api: Api, rate: int = UNBOUND, name: str = "Bench") -> Any:
    """The same in the portal's mirror; the domain's row."""
    from django.utils import timezone

    from provisioning import secrets
    from provisioning.models import OU, Connection, Domain, DomainLink, Edition, Mailbox, Package

    world, now = api.world, timezone.now()
    connection = Connection.objects.create(
        name=name, base_url=api.url, api_user=USER, sealed_key=secrets.seal({"key": KEY}), dialect="legacy",
        reseller_guid=RESELLER, rate=rate,
    )  # fmt: skip
    own = {"connection": connection, "as_at": now, "state": "active"}
    root = OU.objects.create(
        connection=connection, guid=RESELLER, title="Reseller", type="reseller", as_at=now
    )
    OU.objects.filter(pk=root.pk).update(path=f"{root.pk}.")
    company = OU.objects.create(
        connection=connection, parent=root, guid=world.company, title="Company", type="company", as_at=now
    )
    OU.objects.filter(pk=company.pk).update(path=f"{root.pk}.{company.pk}.")
    package = Package.objects.create(ou=company, guid=world.package, code="SYN-CMS", name="CloudMail", **own)
    Edition.objects.create(package=package, code=EDITION, name="Basic", is_default=True)
    domain = Domain.objects.create(ou=company, guid=world.domain, name=world.name, **own)
    DomainLink.objects.create(domain=domain, package=package, as_at=now)
    Mailbox.objects.bulk_create(
        Mailbox(ou=company, domain=domain, guid=guid, email=email, edition_code=EDITION, **own)
        for guid, email in world.mailboxes
    )
    return Domain.objects.select_related("ou__connection", "connection").get(pk=domain.pk)


def ask_for_mailboxes(domain: Any, count: int, prefix: str = "n", **more: Any) -> list[Any]:
    """So many creations with provisioning, asked for by the service that a form calls."""
    from django.db import transaction

    from provisioning.services import mailboxes

    with transaction.atomic():
        return [
            mailboxes.create_mailbox(
                domain, by=None, password="Sample123$xyz", at_once=True, submission=uuid.uuid4(),
                details={"email_local": f"{prefix}{number}", "last_name": "Nkosi", "package_edition_code": EDITION},
                **more,
            )
            for number in range(count)
        ]  # fmt: skip


def settled() -> None:
    """The planner knows what there is, as it does on a server that has been up for a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def hold(domain: Any) -> None:
    """Nothing is sent on the connection until `release`: as after a 429."""
    from datetime import timedelta

    from django.utils import timezone

    from provisioning.models import Connection

    rows = Connection.objects.filter(pk=domain.connection_id)
    rows.update(retry_at=timezone.now() + timedelta(hours=1))


def release(domain: Any) -> None:
    from provisioning.models import Connection

    Connection.objects.filter(pk=domain.connection_id).update(retry_at=None)


def warm(processes: int) -> None:
    """Wait until so many drivers hold a slot: what is measured then begins in loops that run."""
    from django.db import connection

    from provisioning import slots

    def driving() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", [slots.KIND]
            )
            return bool(cursor.fetchone()[0] >= processes)

    wait_for(driving, 60, "the drivers", every=0.02)


def postgres_cpu() -> float:
    """Seconds of processor time of the server and all its backends, where it runs on this machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    return machine.cpu(machine.tree(machine.parent(pid)))


def last_end() -> float:
    """When the last action ended, in epoch seconds."""
    from django.db.models import Max

    from provisioning.models import Action

    return float(Action.objects.aggregate(at=Max("ended_at"))["at"].timestamp())


def all_ended(seconds: float, what: str = "every action's end") -> None:
    from provisioning.models import Action

    open_ones = Action.objects.filter(state__in=Action.OPEN)
    wait_for(lambda: not open_ones.exists(), seconds, what, every=0.2)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def lags(api: Api) -> list[float]:
    """Seconds from each action's end at the API to its end in the ledger."""
    from provisioning.models import Action

    there = api.finished_at()
    rows = Action.objects.filter(state=Action.State.FINISHED).values_list("remote_id", "ended_at")
    return [here.timestamp() - there[remote] for remote, here in rows if remote in there]
