"""List pages, search and dashboards at 100,000 mailboxes against 1,000: server time and number of queries.

    make bench ONLY=lists

One owner sees all. The pages are made in this process, by the whole of Django with its middleware, without a network.
Each list has more rows than a page both times, so that as many are shown; each figure is the median of many. Few and many
are two databases, looked at in turn: a machine that is slower for a while is slower for both.
"""

from __future__ import annotations

import html
import random
import re
import statistics
import time
import uuid
from dataclasses import dataclass
from typing import Any

from benchmarks import stage
from benchmarks.rows import Row, against, at_most
from benchmarks.stage import say

FEW, MANY, ACTIONS = 1_000, 100_000, 20
AT_FIRST, LATER = 10, 100  # mailboxes of a domain: at first already there are more domains than a page shows
TURNS = 9
MOST = 60.0  # ms
_NEXT = re.compile(r'href="(/mailboxes/\?[^"]*after=[^"]*)"')


@dataclass(frozen=True)
class Seen:
    """One page: its time in ms at the median, its queries."""

    ms: float
    queries: int


def measure() -> list[Row]:
    many = stage.scaled(MANY)
    with stage.database():
        hoard = _Hoard()
        hoard.grow(FEW, AT_FIRST)
        client, pages = hoard.client(), hoard.pages()
        with stage.copied() as copy:
            say(f"{many:,} mailboxes are written")
            hoard.grow(many - FEW, LATER)
            found = {what: _in_turn(client, url, copy) for what, url in pages.items()}
    rows = []
    for what, (here, there) in found.items():
        name = f"lists: {what}, {many:,} mailboxes against {FEW:,}"
        rows.append(against(name, there.ms, here.ms, "ms", most=1.3))
        rows.append(_same(f"lists: {what}, queries", there.queries, here.queries))
    slowest = max(there.ms for _, there in found.values())
    return [*rows, at_most("lists: server time of the slowest page, median", slowest, "ms", MOST)]


def _same(name: str, there: int, here: int) -> Row:
    return Row(name, there, "queries", here, round(there / here, 3), "as many", there == here)


class _Hoard:
    """Companies with domains with mailboxes, and the reseller above them."""

    def __init__(self) -> None:
        from provisioning.models import Connection
        from tests.integration.factories import make_connection, make_ou, make_person

        self.dice = random.Random(stage.SEED)
        self.root = make_ou(make_connection(), title="Reseller")
        self.owner = make_person("owner", self.root)
        self.connection = Connection.objects.get()
        self.count = self.asked = 0

    def guid(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def grow(self, more: int, each: int) -> None:
        """So many more mailboxes, a company and a domain for `each` of them; a share of them is not in service."""
        from django.db import transaction
        from django.utils import timezone

        from provisioning.models import Action, Mailbox
        from tests.integration.factories import make_domain, make_ou, make_package

        with transaction.atomic():
            for _ in range(more // each):
                company = make_ou(parent=self.root, title=f"Company {self.count:06} Ltd")
                package = make_package(company, state="active")
                domain = make_domain(company, f"c{self.count:06}.example", package)
                own = {
                    "connection": self.connection,
                    "ou": company,
                    "domain": domain,
                    "as_at": timezone.now(),
                }
                Mailbox.objects.bulk_create(
                    Mailbox(
                        guid=self.guid(),
                        email=f"m{self.count + number:06}@{domain.name}",
                        edition_code="SYN-CMS-BASIC-02",
                        state=self.dice.choices(["active", "suspended", "inactive"], [88, 10, 2])[0],
                        first_name="Ann",
                        last_name=f"Nkosi {number}",
                        **own,
                    )
                    for number in range(each)
                )
                Action.objects.bulk_create(self._ended(company, domain, number) for number in range(ACTIONS))
                self.count += each
        stage.settled()

    def _ended(self, company: Any, domain: Any, number: int) -> Any:
        from django.utils import timezone

        from provisioning.models import Action

        now = timezone.now()
        return Action(
            connection=self.connection, operation="mailbox.create", state="finished", by=self.owner, ou=company,
            submission=uuid.uuid4(), kind="domain", guid=domain.guid, title=f"m{number}@{domain.name}",
            lock_key=f"{domain.guid} {number}", result_kind="mailbox", result_guid=self.guid(), ended_at=now,
        )  # fmt: skip

    def client(self) -> Any:
        from django.test import Client

        client = Client()
        client.force_login(self.owner)
        return client

    def pages(self) -> dict[str, str]:
        """Addresses by what they are. What is looked for is there from the first."""
        from provisioning.models import Mailbox

        box = Mailbox.objects.select_related("domain", "ou").order_by("id")[FEW // 2]
        return {
            "mailboxes": "/mailboxes/",
            "mailboxes, far in": self._far(),
            "mailboxes, by state": "/mailboxes/?state=suspended",
            "mailboxes, searched": f"/mailboxes/?q={box.email[:6]}",
            "mailboxes of a domain": f"/mailboxes/?domain={box.domain.guid}",
            "a mailbox": f"/mailboxes/{box.guid}/",
            "a domain": f"/domains/{box.domain.guid}/",
            "a company": f"/companies/{box.ou.guid}/",
            "domains": "/domains/",
            "companies": "/companies/",
            "packages": "/packages/",
            "activity": "/activity/",
            "dashboard (Attention)": "/attention/",
            "search box": f"/search/?q={box.email}",
        }

    def _far(self) -> str:
        """The mailboxes' list from the middle of what there is at first, as its own *next* leads to it."""
        client = self.client()
        url = "/mailboxes/"
        for _ in range(FEW // 50 // 2):
            found = _NEXT.search(client.get(url).content.decode())
            if found is None:
                raise RuntimeError("The list of mailboxes has no further page.")
            url = html.unescape(found[1])
        return url


def _in_turn(client: Any, url: str, copy: Any) -> tuple[Seen, Seen]:
    """One page of few and of many: what is asked of the copy, then of the grown one, then the other way round."""
    from django.db import connections

    grown = connections["default"]
    times: dict[Any, list[float]] = {copy: [], grown: []}
    queries = {}
    for turn in range(TURNS + 1):
        for base in (copy, grown) if turn % 2 else (grown, copy):
            with stage.looking_at(base):
                queries[base] = _queries(client, url)
                times[base].append(_time(client, url))

    def seen(base: Any) -> Seen:
        return Seen(statistics.median(times[base][1:]), queries[base])

    return seen(copy), seen(grown)


def _queries(client: Any, url: str) -> int:
    from django.db import connection

    from portal import outages

    outages.forget()  # else it would depend on how long ago the last page was shown
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        answer = client.get(url)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}.")
    return len(queries)


def _time(client: Any, url: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    client.get(url)
    return 1000 * (time.perf_counter() - began)
