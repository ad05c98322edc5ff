"""A new customer, step by step against the sandbox, each step refused over real HTTP in each way that it may: the flow
says why, keeps what was typed, sends nothing else, and goes on from there."""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import OU, Action, Batch, Domain, Mailbox, Package
from tests.integration.customers.conftest import filled
from tests.integration.engine.asking import work
from tests.integration.factories import make_person
from tests.integration.sandboxed import Sandbox, running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "Sample-123$-word"
PAGE = "<html><head><title>Stop</title></head><body><p>Down for repairs.</p></body></html>"
REFUSALS: dict[str, tuple[int, Any, str]] = {
    "400 with fields": (
        400,
        {"code": 400, "message": "Validation failed", "errors": ["title: <i>Taken</i> already."]},
        "<i>Taken</i> already.",
    ),
    "409": (409, {"code": 409, "message": "A <nightly> job runs.", "errors": None}, "A <nightly> job runs."),
    "422": (422, {"code": 422, "message": "Not like this.", "errors": {}}, "Not like this."),
    "text": (403, "Not from here.", "Not from here."),
    "an HTML page": (400, PAGE, "Down for repairs."),
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("sandbox")), seconds="0") as running:
        yield running


class Flow:
    """Somebody of support takes on a customer in the browser; the sandbox does as it is asked, or refuses."""

    def __init__(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.tell("reset", seed="empty")
        self.sandbox, self.client, self.root = sandbox, client, sandbox.root()
        client.force_login(make_person("support", self.root))

    @property
    def url(self) -> str:
        return reverse("customers:flow", args=[Batch.objects.get().pk])

    def page(self, **query: str) -> str:
        answer = self.client.get(self.url, query)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def start(self) -> None:
        answer = self.client.post(reverse("customers:start"), filled(self.root, client_ref="KEEP-ME"))
        assert answer.status_code == 303
        work()

    def send(self, step: str, **data: str) -> Action:
        """The step is sent and worked on to its end."""
        self.page()  # has the catalogue read
        work()
        before = Action.objects.count()
        answer = self.client.post(f"{self.url}?step={step}", {"submission": str(uuid.uuid4()), **data})
        assert answer.status_code == 303, answer.content.decode()
        assert Action.objects.count() == before + 1
        work()
        return Action.objects.latest("id")

    def refuse(self, method: str, path: str, status: int, body: Any) -> None:
        self.sandbox.tell("refuse-next", method=method, path=path, status=status, body=body)


@pytest.fixture
def flow(process: Sandbox, client: Client) -> Flow:
    return Flow(process, client)


def test_each_step_refused_in_each_way_is_told_sent_again_and_applied_once(flow: Flow) -> None:
    begin_refused(flow)
    refused(
        flow,
        "package",
        ("POST", "/packages.json"),
        product="SYN-PIN-SEC",
        **{"edition-SYN-PIN-SEC": "SYN-PIN-SEC-BOTH"},
    )
    package = Package.objects.get()
    refused(
        flow, "domain", ("POST", "/domains.json"), domain_name="acme.example", way=f"under:{package.guid}"
    )
    refused(
        flow, "fields", ("PATCH", "/servicefields.json"), mail_delivery_location="mx.acme.example",
        auth_method="smtp", username="acme", password=PASSWORD,
    )  # fmt: skip
    refused(flow, "provision", ("POST", "/actions.json"))
    assert Domain.objects.get().state == "active"
    assert applied_once(flow) == {"ou": 1, "package": 1, "domain": 1}
    assert flow.client.post(reverse("customers:close", args=[Batch.objects.get().pk])).status_code == 303
    assert Batch.objects.get().state == "finished"


def test_the_first_mailbox_refused_is_mended_in_the_flow(flow: Flow) -> None:
    flow.start()
    flow.send("package", product="SYN-CMS", **{"edition-SYN-CMS": "SYN-CMS-BASIC-02"})
    flow.send("domain", domain_name="acme.example", way=f"under:{Package.objects.get().guid}")
    flow.send("provision")
    typed = {"email_local": "ann", "last_name": "Nkosi", "password": PASSWORD, "at_once": "on"}
    refused(flow, "mailboxes", ("POST", "/mailboxes.json"), **typed)
    assert Mailbox.objects.get().state == "active"
    assert not Action.objects.exclude(sealed="").exists()
    assert applied_once(flow) == {"ou": 1, "package": 1, "domain": 1, "mailbox": 1}


def test_given_up_after_a_refusal_nothing_more_is_sent_and_what_exists_stays(flow: Flow) -> None:
    flow.start()
    flow.refuse("POST", "/packages.json", 409, REFUSALS["409"][1])
    flow.send("package", product="SYN-CMS", **{"edition-SYN-CMS": "SYN-CMS-BASIC-02"})
    flow.client.post(reverse("customers:close", args=[Batch.objects.get().pk]), {"give_up": "1"})
    assert work() == 0
    assert Batch.objects.get().state == "abandoned"
    assert applied_once(flow) == {"ou": 1}
    assert OU.objects.filter(title="Acme Ltd", gone_at=None).exists()


def test_a_company_that_vanished_before_the_sale_is_told_and_sold_nothing(flow: Flow) -> None:
    flow.start()
    flow.refuse("POST", "/packages.json", 404, {"code": 404, "message": "Not Found"})
    action = flow.send("package", product="SYN-CMS", **{"edition-SYN-CMS": "SYN-CMS-BASIC-02"})
    assert (action.state, action.meaning) == ("failed", "missing")
    assert "Not Found" in flow.page()
    assert applied_once(flow) == {"ou": 1}


def begin_refused(flow: Flow) -> None:
    """The company, refused in each way and sent again each time with what the page has kept."""
    for number, (status, body, words) in enumerate(REFUSALS.values()):
        flow.refuse("POST", "/companies.json", status, body)
        if number:
            flow.send("company", **company(flow))
        else:
            flow.start()
        tells(flow, words)
        assert "KEEP-ME" in flow.page()
    assert not OU.objects.filter(parent=flow.root).exists()
    assert flow.send("company", **company(flow)).state == "finished"


def company(flow: Flow) -> dict[str, str]:
    return {**filled(flow.root), "client_ref": "KEEP-ME"}


def refused(flow: Flow, step: str, call: tuple[str, str], **data: str) -> None:
    for status, body, words in REFUSALS.values():
        flow.refuse(*call, status, body)
        action = flow.send(step, **data)
        assert (action.state, action.batch) == ("failed", Batch.objects.get())
        # of many mailboxes the page names those that failed; the one that is mended shows all that was said of it
        tells(flow, words, **({"again": str(action.pk)} if step == "mailboxes" else {}))
    assert flow.send(step, **data).state == "finished"


def tells(flow: Flow, words: str, **query: str) -> None:
    """The flow's page shows SYNAQ's words as text, and nothing is under way."""
    page = flow.page(**query)
    assert html.escape(words) in page
    assert words == html.escape(words) or words not in page
    assert PASSWORD not in page
    assert "hx-trigger" not in page
    assert not Action.objects.filter(state__in=Action.OPEN).exists()


def applied_once(flow: Flow) -> dict[str, int]:
    """How many things of each kind were made; nothing was done twice to any."""
    books = flow.sandbox.ask("books")["objects"].values()
    assert all(max(book["applied"].values()) == 1 for book in books), books
    kinds = [book["kind"] for book in books if "Create" in book["applied"]]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
