"""The list that support lives in."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provisioning.models import OU, Mailbox
from provisioning.services import mailboxes
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

LIST = "/mailboxes/"


def found(client: Client, **query: str) -> list[str]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return [row["mailbox"].email for row in answer.context["rows"]]


def test_only_what_is_in_scope_and_still_there(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "acme.example")
    make_mailbox(domain, "bob")
    make_mailbox(domain, "ann")
    make_mailbox(domain, "gone", gone_at=timezone.now())
    make_mailbox(make_domain(make_ou(parent=make_ou())), "other")
    assert found(client) == ["ann@acme.example", "bob@acme.example"]


@pytest.mark.parametrize(
    ("query", "emails"),
    [
        ("ann", ["ann@acme.example", "anna@bravo.example"]),
        ("ANN@", ["ann@acme.example"]),
        ("ann@ac", ["ann@acme.example"]),
        ("Bravo", ["anna@bravo.example", "zoe@bravo.example"]),
        ("@bravo", ["anna@bravo.example", "zoe@bravo.example"]),
        ("Big Custom", ["anna@bravo.example", "zoe@bravo.example"]),
        ("the-guid-of-zoe", ["zoe@bravo.example"]),
        ("%", []),
        ("\x00", ["ann@acme.example", "anna@bravo.example", "zoe@bravo.example"]),
    ],
)
def test_search_by_address_domain_company_and_guid(
    client: Client, root: OU, acme: OU, support: Any, query: str, emails: list[str]
) -> None:
    big = make_ou(parent=root, title="Big Customer")
    bravo = make_domain(big, "bravo.example")
    make_mailbox(make_domain(acme, "acme.example"), "ann")
    make_mailbox(bravo, "anna")
    make_mailbox(bravo, "zoe", guid="the-guid-of-zoe")
    assert found(client, q=query) == emails


def test_a_search_never_reaches_beyond_ones_scope(client: Client, root: OU, acme: OU) -> None:
    other = make_mailbox(make_domain(make_ou(parent=root, title="Other"), "other.example"), "ann")
    client.force_login(make_person("company_admin", acme))
    for query in ("ann", "other", "@other", "Other", other.guid):
        assert found(client, q=query) == []
    assert found(client, domain=other.domain.guid) == []


def test_filters_stand_as_chips(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "acme.example")
    make_mailbox(domain, "ann", state="suspended", account_locked=True)
    make_mailbox(domain, "bob", state="suspended")
    query = {"state": "suspended", "locked": "1", "domain": domain.guid, "company": acme.guid}
    assert found(client, **query) == ["ann@acme.example"]
    answer = client.get(LIST, query)
    assert [(chip["label"], chip["value"]) for chip in answer.context["chips"]] == [
        ("State", "suspended"),
        ("Only", "locked"),
        ("Domain", "acme.example"),
        ("Company", "Acme"),
    ]
    assert found(client, state="suspended") == ["ann@acme.example", "bob@acme.example"]
    body = answer.content.decode()
    assert f'<input type="hidden" name="domain" value="{domain.guid}">' in body


def ask_for(acme: OU, by: Any, local: str = "soon") -> None:
    domain = make_domain(acme, "acme.example", make_package(acme))
    mailboxes.create_mailbox(
        domain,
        by=by,
        details={"email_local": local, "last_name": "S"},
        password="Sample123$",
        at_once=True,
        submission=uuid.uuid4(),
    )


def test_a_mailbox_is_seen_from_the_click_on(client: Client, acme: OU, support: Any) -> None:
    ask_for(acme, support)
    body = client.get(LIST).content.decode()
    assert "soon@acme.example" in body
    assert "hx-trigger" in body
    assert "soon@acme.example" in client.get(LIST, {"q": "soo"}).content.decode()
    assert "soon@acme.example" not in client.get(LIST, {"state": "active"}).content.decode()


def test_a_row_shows_its_open_action_and_its_menu_what_can_be_asked(
    client: Client, acme: OU, support: Any
) -> None:
    domain = make_domain(acme, "acme.example")
    ann = make_mailbox(domain, "ann")
    bob = make_mailbox(domain, "bob", state="suspended")
    mailboxes.change_state(ann, "mailbox.suspend", by=support, submission=uuid.uuid4())
    body = client.get(LIST).content.decode()
    assert "Queued" in body
    assert "Suspend is under way already." in body
    assert f'formaction="/mailboxes/{bob.guid}/do/activate/"' in body


def test_what_is_billed_is_not_done_from_a_row_but_asked_with_its_price(
    client: Client, acme: OU, support: Any
) -> None:
    domain = make_domain(acme, "acme.example", make_package(acme, state="active"), state="active")
    new = make_mailbox(domain, "new", state="inactive")
    body = client.get(LIST).content.decode()
    assert f'href="/mailboxes/{new.guid}/do/provision/"' in body
    assert f'formaction="/mailboxes/{new.guid}/do/provision/"' not in body


def test_hostile_names_are_escaped(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, '"><svg onload=1>.example')
    make_mailbox(domain, "<script>x", display_name="<img src=x>", edition_code="<i>", state="'\"<u>")
    body = client.get(LIST, {"q": "<script>"}).content.decode()
    for hostile in ("<script>x", "<img src=x>", "<svg onload", "<i>", "<u>"):
        assert hostile not in body


def test_pages_of_fifty_keep_the_filters(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "acme.example")
    for number in range(52):
        make_mailbox(domain, f"m{number:03}")
    first = client.get(LIST, {"state": "active"})
    second = client.get(first.context["page"].next_url)
    assert [row["mailbox"].email for row in second.context["rows"]] == [
        "m050@acme.example",
        "m051@acme.example",
    ]
    assert [chip["label"] for chip in second.context["chips"]] == ["State"]


def test_a_thousand_mailboxes_cost_as_many_queries_as_ten(client: Client, acme: OU, support: Any) -> None:
    def cost(**query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST, query)
        return len(queries)

    domain = make_domain(acme, "acme.example")
    for _ in range(10):
        make_mailbox(domain)
    few, few_found = cost(), cost(q="m")
    facts = {"connection": acme.connection, "ou": acme, "domain": domain, "as_at": timezone.now()}
    Mailbox.objects.bulk_create(
        Mailbox(guid=f"g{n}", email=f"m{n}@acme.example", state="active", **facts) for n in range(990)
    )
    assert (cost(), cost(q="m")) == (few, few_found)


def test_who_may_not_make_mailboxes_gets_no_button(client: Client, root: OU, acme: OU) -> None:
    make_mailbox(make_domain(acme))
    client.force_login(make_person("company_helpdesk", acme))
    assert "New mailbox" not in client.get(LIST).content.decode()
    client.force_login(make_person("company_admin", acme))
    assert "New mailbox" in client.get(LIST).content.decode()
    client.force_login(make_person("finance", root))
    assert client.get(LIST).status_code == 404


def test_empty_pages_say_what_comes_next(client: Client, support: Any) -> None:
    assert "No mailboxes yet" in client.get(LIST).content.decode()
    assert "Clear the search" in client.get(LIST, {"q": "x"}).content.decode()
