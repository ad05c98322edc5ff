"""A nightly count of 5,000 domains against the pace that the connection's rate allows, with people clicking meanwhile.

    make bench ONLY=collect                (BENCH_DOMAINS=600 for a quick one)

Real processes: the sandbox on loopback with short actions, two drivers, Postgres and Redis. A domain takes three calls: the
action, one poll, one reading. The baseline is what the gate alone would take for them.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks.rows import Row, against, at_most

DOMAINS = int(os.environ.get("BENCH_DOMAINS", "5000"))
RATE = 50  # calls a second: what a connection has unless it is set otherwise
CALLS = 3  # of one domain
DRIVERS = 2
CLICK_EVERY = 4.0  # seconds
_EACH = 5  # domains of one company
_SEED = 5

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


def measure() -> list[Row]:
    with _database() as environment, tempfile.TemporaryDirectory() as folder:
        inventory = _fill(Path(folder) / "sandbox.sqlite3")
        from tests.integration.sandboxed import KEY, RESELLER, USER, running_sandbox

        os.environ["BENCH_USER"], os.environ["BENCH_KEY"] = USER, KEY
        # the seed is for an empty file only: this one has the domains already
        moved = Path(folder) / "sandbox-legacy.sqlite3"
        (Path(folder) / "sandbox.sqlite3").rename(moved)
        with running_sandbox(Path(folder), seconds="0.1-0.3") as sandbox:
            mailboxes = _mirror(sandbox.url, USER, KEY, RESELLER, inventory)
            with _drivers(environment):
                seconds, waits = _run(mailboxes)
    gate = CALLS * DOMAINS / RATE
    return [
        against(
            f"collect: {DOMAINS:,} domains at {RATE} calls/s, against the gate", seconds, gate, "s", most=1.10
        ),
        at_most(
            "collect: a click during the run, asked until sent, median", statistics.median(waits), "s", 1.0
        ),
        at_most("collect: a click during the run, asked until sent, longest", max(waits), "s", 1.0),
    ]


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """An empty database of its own; the environment for the processes that are to use it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["RUNNER_SLOTS"] = str(DRIVERS)
    django.setup()
    from django.db import connection

    before = connection.settings_dict["NAME"]
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    try:
        yield {**os.environ, "DATABASE_URL": address, "USAGE_HOUR": "off"}
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def _fill(file: Path) -> dict[str, list[tuple[str, ...]]]:
    """A sandbox's state with all the domains in service, and one that has mailboxes to click on."""
    from sandbox.settings import Settings
    from sandbox.store import Store
    from sandbox.things import Domain, Mailbox, Ou, Package
    from sandbox.world import World
    from tests.integration.sandboxed import KEY, RESELLER, USER

    dice = random.Random(_SEED)
    world = World(Settings(user=USER, key=KEY, reseller_guid=RESELLER, seed="empty"), Store(str(file)))
    found: dict[str, list[tuple[str, ...]]] = {"companies": [], "domains": [], "mailboxes": []}

    def guid() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    world.save(Ou(RESELLER, None, "reseller", "Reseller", {}))
    for number in range(-(-DOMAINS // _EACH)):
        company, package = guid(), guid()
        world.save(Ou(company, RESELLER, "company", f"Company {number}", {}))
        world.save(Package(package, company, "SYN-CMS", ["SYN-CMS-BASIC-02"]))
        found["companies"].append((company, package))
        for place in range(min(_EACH, DOMAINS - number * _EACH)):
            domain = guid()
            world.save(Domain(domain, company, f"d{place}.c{number}.example", {package: "active"}))
            found["domains"].append((domain, company, package, f"d{place}.c{number}.example"))
    domain, _, package, name = found["domains"][0]
    for number in range(400):
        box = Mailbox(guid(), domain, f"m{number}", {package: "SYN-CMS-BASIC-02"}, state="active")
        world.save(box)
        found["mailboxes"].append((box.guid, domain, f"m{number}@{name}"))
    world.store.close()
    return found


def _mirror(url: str, user: str, key: str, reseller: str, found: Mapping[str, Any]) -> list[Any]:
    """The same in the portal's mirror; the mailboxes."""
    from django.utils import timezone

    from provisioning import secrets
    from provisioning.models import OU, Connection, Domain, DomainLink, Edition, Mailbox, Package

    now = timezone.now()
    connection = Connection.objects.create(
        name="Bench", base_url=url, api_user=user, sealed_key=secrets.seal({"key": key}), dialect="legacy",
        reseller_guid=reseller, rate=RATE,
    )  # fmt: skip
    own = {"connection": connection, "as_at": now, "state": "active"}
    root = OU.objects.create(
        connection=connection, guid=reseller, title="Reseller", type="reseller", as_at=now
    )
    OU.objects.filter(pk=root.pk).update(path=f"{root.pk}.")
    companies = OU.objects.bulk_create(
        OU(connection=connection, parent=root, guid=guid, title=guid[:8], type="company", as_at=now)
        for guid, _ in found["companies"]
    )
    for row in companies:
        row.path = f"{root.pk}.{row.pk}."
    OU.objects.bulk_update(companies, ["path"], batch_size=1000)
    by_guid = {row.guid: row for row in companies}
    packages = Package.objects.bulk_create(
        Package(ou=by_guid[company], guid=guid, code="SYN-CMS", name="CloudMail", **own)
        for company, guid in found["companies"]
    )
    sold = {row.guid: row for row in packages}
    Edition.objects.bulk_create(
        Edition(package=row, code="SYN-CMS-BASIC-02", name="Basic", is_default=True) for row in packages
    )
    domains = Domain.objects.bulk_create(
        Domain(ou=by_guid[company], guid=guid, name=name, **own)
        for guid, company, _, name in found["domains"]
    )
    DomainLink.objects.bulk_create(
        DomainLink(domain=row, package=sold[facts[2]], as_at=now)
        for row, facts in zip(domains, found["domains"], strict=True)
    )
    home = domains[0]
    return Mailbox.objects.bulk_create(
        Mailbox(ou=home.ou, domain=home, guid=guid, email=email, **own)
        for guid, _, email in found["mailboxes"]
    )


@contextmanager
def _drivers(environment: Mapping[str, str]) -> Iterator[None]:
    argv = [sys.executable, "-m", "benchmarks.collect", "drive"]
    processes = [subprocess.Popen(argv, env=dict(environment)) for _ in range(DRIVERS)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def _run(mailboxes: list[Any]) -> tuple[float, list[float]]:
    """Seconds until every domain was counted, and how long each click waited to be sent meanwhile."""
    from provisioning.models import Action, Batch, Connection, UsageReport
    from provisioning.services import mailboxes as services
    from provisioning.services import usage

    clicks: list[int] = []
    began = time.monotonic()
    usage.collect(Connection.objects.get(), by=None, submission=uuid.uuid4())
    while Batch.objects.get().state == "running":
        time.sleep(CLICK_EVERY)
        box = mailboxes[len(clicks)]
        clicks.append(services.change_state(box, "mailbox.suspend", by=None, submission=uuid.uuid4()).pk)
    seconds = _ended(began)
    if UsageReport.objects.count() != DOMAINS:
        raise RuntimeError(f"{UsageReport.objects.count()} of {DOMAINS} domains have a report.")
    sent = Action.objects.filter(pk__in=clicks[:-1], sent_at__isnull=False).values_list("asked_at", "sent_at")
    return seconds, [(there - here).total_seconds() for here, there in sent]


def _ended(began: float) -> float:
    """From the first row to the last domain's end, by the ledger's own times."""
    from django.db.models import Max
    from django.utils import timezone

    from provisioning.models import Action

    last = Action.objects.filter(operation="domain.usage").aggregate(at=Max("ended_at"))["at"]
    return time.monotonic() - began - (timezone.now() - last).total_seconds()


def _drive() -> None:
    """One driver, until it is told to stop."""
    import signal

    import django

    django.setup()
    from provisioning import runner

    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    while not stop:
        runner.drive(stopping=lambda: bool(stop))
        time.sleep(0.05)


if __name__ == "__main__" and sys.argv[1:] == ["drive"]:
    _drive()
