"""The usage page of a reseller with 2,000 companies and 24 months of history, beside one with 20: queries and server time.

Served in one process through all of the portal's middleware, as finance; a figure is the median of what was asked in turn.
"""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.rows import Row, against, at_most

FEW, MANY = 20, int(os.environ.get("BENCH_COMPANIES", "2000"))
MONTHS = 24
ROUNDS = 15
GOAL = 300  # ms
_SEED = 13
_EDITIONS = (
    ("SYN-CMS", ("SYN-CMS-BASIC-02", "SYN-CMS-STD-05", "SYN-CMS-PREM-25", "SYN-CMS-PREM-100")),
    ("SYN-PIN", ("SYN-PIN-STD", "SYN-PIN-ADV")),
    ("SYN-ARC", ("SYN-ARC-7Y", "SYN-ARC-10Y")),
)


def measure() -> list[Row]:
    with _database():
        few, many = _reseller(FEW), _reseller(MANY)
        _analyse()
        found = {path: (_asked(few, path), _asked(many, path)) for path in ("/usage/", "/usage/months/")}
    rows = []
    for path, ((_, small), (queries, large)) in found.items():
        name = f"usage: {path} of {MANY:,} companies, {MONTHS} months of history"
        rows.append(at_most(f"{name}, median", large * 1000, "ms", GOAL))
        fewer = found[path][0][0]
        rows.append(against(f"{name}, queries against {FEW} companies", queries, fewer, "queries", most=1.0))
        rows.append(Row(f"{name}, time against {FEW} companies", round(large * 1000, 1), "ms",
                        round(small * 1000, 1), round(large / small, 2)))  # fmt: skip
    return rows


@contextmanager
def _database() -> Iterator[None]:
    """An empty database of its own."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def _reseller(companies: int) -> Any:
    """A finance person of a reseller with so many companies, each with packages, domains, figures and one price."""
    from django.utils import timezone

    from portal.accounts.models import Membership, Person
    from portal.billing.models import Price, PriceBook
    from provisioning.models import OU, Connection

    dice, now = random.Random(_SEED + companies), timezone.now()
    connection = Connection.objects.create(
        name=f"Bench {companies}",
        base_url="http://127.0.0.1:9",
        api_user=f"bench-{companies}",
        reseller_guid=str(uuid.uuid4()),
    )
    root = OU.objects.create(
        connection=connection,
        guid=str(uuid.uuid4()),
        title=f"Reseller {companies}",
        type="reseller",
        as_at=now,
    )
    OU.objects.filter(pk=root.pk).update(path=f"{root.pk}.")
    rows = OU.objects.bulk_create(
        OU(connection=connection, parent=root, guid=str(uuid.uuid4()), title=f"Company {dice.random():.9f}",
           type="company", as_at=now)
        for _ in range(companies)
    )  # fmt: skip
    for row in rows:
        row.path = f"{root.pk}.{row.pk}."
    OU.objects.bulk_update(rows, ["path"], batch_size=1000)
    _history(connection, rows, dice)
    book = PriceBook.objects.create(ou=root, name="All", valid_from=date(2020, 1, 1), tax_rate=15)
    Price.objects.bulk_create(
        Price(book=book, edition=code, unit=number + 1) for number, code in enumerate(_EDITIONS[0][1])
    )
    person = Person.objects.create_user(f"finance-{companies}@example.test", None, name="Finance")
    Membership.objects.create(person=person, ou_id=root.pk, role="finance")
    return person


def _history(connection: Any, companies: list[Any], dice: random.Random) -> None:
    """Two domains a company with two to four editions each, counted on every month's last evening."""
    from portal.billing import books
    from portal.usage.asked import back_from

    domains, sold = _sold(connection, companies, dice)
    for month in back_from(books.today().replace(day=1), MONTHS):
        _count(connection, month, domains, sold, dice)


def _sold(
    connection: Any, companies: list[Any], dice: random.Random
) -> tuple[list[Any], dict[int, list[Any]]]:
    """Two packages and two domains for each company: the domains, and each company's packages."""
    from django.utils import timezone

    from provisioning.models import Domain, DomainLink, Edition, Package

    now = timezone.now()
    facts = {"connection": connection, "state": "active", "as_at": now}
    packages = Package.objects.bulk_create(
        Package(ou=ou, guid=str(uuid.uuid4()), code=code, name=f"Product {code}", **facts)
        for ou in companies
        for code, _ in dice.sample(_EDITIONS, 2)
    )
    editions = dict(_EDITIONS)
    Edition.objects.bulk_create(
        Edition(package=row, code=code, name=f"Name of {code}")
        for row in packages
        for code in editions[row.code]
    )
    domains = Domain.objects.bulk_create(
        Domain(ou=ou, guid=str(uuid.uuid4()), name=f"d{place}.c{ou.pk}.example", **facts)
        for ou in companies
        for place in range(2)
    )
    sold: dict[int, list[Any]] = {}
    for row in packages:
        sold.setdefault(row.ou_id, []).append(row)
    DomainLink.objects.bulk_create(
        DomainLink(domain=row, package=package, as_at=now) for row in domains for package in sold[row.ou_id]
    )
    return domains, sold


def _count(
    connection: Any, month: date, domains: list[Any], sold: dict[int, list[Any]], dice: random.Random
) -> None:
    """The month's last count; of the month that runs, that of now."""
    from django.utils import timezone

    from portal.billing import books
    from provisioning.models import MonthlyFigure, UsageReport

    at = timezone.make_aware(datetime.combine(books.last_day(month), datetime.min.time()))
    at = min(at, timezone.now())
    editions = dict(_EDITIONS)
    counted = [row for row in domains if dice.random() > 0.002]  # a few that nobody counted
    reports = UsageReport.objects.bulk_create(
        UsageReport(connection=connection, domain=row, ou_id=row.ou_id, source="summary", data_as_at=at,
                    received_at=at + timedelta(minutes=1), digest=f"{month} {row.pk}")
        for row in counted
    )  # fmt: skip
    MonthlyFigure.objects.bulk_create(
        (
            MonthlyFigure(month=month, ou_id=row.ou_id, domain=row, edition=code, product=package.code,
                          count=dice.randrange(60), data_as_at=at, received_at=at, report=report)
            for row, report in zip(counted, reports, strict=True)
            for package in sold[row.ou_id]
            for code in editions[package.code][:2]
        ),
        batch_size=5000,
    )  # fmt: skip


def _analyse() -> None:
    """As a database that has been running for a while knows its tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _asked(person: Any, path: str) -> tuple[int, float]:
    """How many queries the page takes, and the median of its seconds."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost")  # plainly, without what tests hang into templates
    client.force_login(person)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    if answer.status_code != 200 or b"Company" not in answer.content:
        raise RuntimeError(f"{path} does not show figures: {answer.status_code}")
    return len(queries), statistics.median(_seconds(client, path) for _ in range(ROUNDS))


def _seconds(client: Any, path: str) -> float:
    began = time.perf_counter()
    client.get(path)
    return time.perf_counter() - began
