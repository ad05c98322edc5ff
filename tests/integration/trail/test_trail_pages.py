"""The audit trail on the screen: whose it is, filters, one entry, and the same cost at any length."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Membership, Person
from provisioning import audit
from provisioning.models import OU, AuditEntry
from provisioning.services import domains, mailboxes
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.trail.conftest import entry

pytestmark = pytest.mark.django_db
LIST = "/audit/"


def titles(client: Client, **query: str) -> list[str]:
    answer: Any = client.get(LIST, query)
    assert answer.status_code == 200
    return [row["entry"].object_title for row in answer.context["rows"]]


def page(client: Client, row: AuditEntry) -> Any:
    return client.get(reverse("trail:detail", args=[row.pk]))


def test_each_reads_the_trail_of_their_own_scope(client: Client, root: OU, acme: OU) -> None:
    sub = make_ou(parent=root, type=OU.Type.SUBRESELLER)
    below = make_ou(parent=sub)
    foreign = make_ou(parent=make_ou())
    rows = {
        name: entry(ou, name)
        for name, ou in {
            "root": root, "acme": acme, "sub": sub, "below": below, "foreign": foreign, "of none": None,
        }.items()
    }  # fmt: skip
    for ou, seen in (
        (root, {"root", "acme", "sub", "below", "of none"}),
        (sub, {"sub", "below"}),
        (acme, {"acme"}),
    ):
        client.force_login(make_person("auditor", ou))
        assert set(titles(client)) == seen
        for name, row in rows.items():
            assert page(client, row).status_code == (200 if name in seen else 404)
    assert page(client, AuditEntry(pk=10**9)).status_code == 404


@pytest.mark.parametrize(
    "role", ["support", "support_nobill", "finance", "company_admin", "company_helpdesk"]
)
def test_only_owners_and_auditors_find_it(client: Client, root: OU, role: str) -> None:
    row = entry(root, "secret history")
    client.force_login(make_person(role, root))
    for answer in (client.get(LIST), client.get(LIST, {"export": "csv"}), page(client, row)):
        assert answer.status_code == 404
    assert 'href="/audit/"' not in client.get("/", follow=True).content.decode()
    client.force_login(make_person("owner", root))
    assert titles(client) == ["secret history"]
    assert 'href="/audit/"' in client.get(LIST).content.decode()


def test_what_belongs_to_nobody_is_for_whoever_reads_a_whole_reseller(client: Client, acme: OU) -> None:
    entry(None, "typed by a stranger", kind="sign_in_failed")
    person = make_person("auditor", acme)
    client.force_login(person)
    assert titles(client) == []
    Membership.objects.create(person=person, ou=make_ou(), role="owner")
    assert titles(client) == ["typed by a stranger"]


def test_filters(client: Client, root: OU, acme: OU, auditor: Person) -> None:
    carla = make_person("company_admin", acme, "carla@acme.example")
    other = make_ou(parent=root, title="Beta Mills")
    mailbox = make_mailbox(make_domain(acme), "ann")
    with audit.within(acting_as=carla, request_id="request-7"):
        entry(acme, "looked", kind="exported", by=auditor)
    entry(acme, "", thing=mailbox, by=carla)
    entry(other, "beta", kind="role_given", by=auditor)
    asks: dict[str, list[tuple[str, Any]]] = {
        "q": [
            ("ann", [mailbox.email]),
            (mailbox.guid, [mailbox.email]),
            ("request-7", ["looked"]),
            ("nn@", []),
        ],
        "person": [("carla", [mailbox.email, "looked"]), ("ANNEKE", ["beta", "looked"]), ("nobody", [])],
        "kind": [("role_given", ["beta"]), ("Operations", [mailbox.email]), ("'", 3)],
        "company": [("beta", ["beta"]), (acme.guid, [mailbox.email, "looked"]), ("the res", 3), ("zz", [])],
        "object": [(f"mailbox:{mailbox.guid}", [mailbox.email]), (f"domain:{mailbox.guid}", []), ("x", 3)],
    }
    for name, cases in asks.items():
        for value, wanted in cases:
            seen = titles(client, **{name: value})
            assert (len(seen) if isinstance(wanted, int) else seen) == wanted, (name, value)
    assert titles(client, kind="asked", person="carla", company="acme") == [mailbox.email]


def test_days_are_those_of_the_portals_zone_and_both_ends_are_included(
    client: Client, root: OU, auditor: Person
) -> None:
    for title, moment in (
        ("eve", "2026-03-01 23:59"),
        ("day", "2026-03-02 00:00"),
        ("late", "2026-03-02 23:59"),
    ):
        row = AuditEntry(kind="asked", ou=root, object_title=title)
        row.at = timezone.make_aware(datetime.fromisoformat(moment))
        row.save()
    assert titles(client, since="2026-03-02") == ["late", "day"]
    assert titles(client, until="2026-03-01") == ["eve"]
    assert titles(client, since="2026-03-02", until="2026-03-02") == ["late", "day"]


@pytest.mark.parametrize(
    "day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "<script>alert(1)", "\x00"]
)
def test_a_day_that_is_none_is_told_and_limits_nothing(
    client: Client, root: OU, auditor: Person, day: str
) -> None:
    entry(root, "kept")
    answer: Any = client.get(LIST, {"since": day, "until": day})
    assert [row["entry"].object_title for row in answer.context["rows"]] == ["kept"]
    shown = answer.content.decode()
    assert ("From: type a day such as" in shown) == (day != "\x00")
    assert "<script>alert" not in shown


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00'\"><script>"},
        {"person": "%_\\\x00"},
        {"company": "'; DROP"},
        {"object": "mailbox:\x00"},
        {"object": ":::"},
        {"after": "%%%"},
        {"before": "WzFd"},
        {"sort": "-nothing"},
        {"kind": ["asked", "x"]},
    ],
)
def test_hostile_addresses_do_no_harm(
    client: Client, root: OU, auditor: Person, query: dict[str, Any]
) -> None:
    entry(root, "kept")
    assert client.get(LIST, query).status_code == 200
    assert client.get(LIST, {**query, "export": "csv"}).status_code == 200


def test_one_entry_shows_old_beside_new_and_leads_to_what_it_is_about(
    client: Client, root: OU, acme: OU, auditor: Person
) -> None:
    mailbox = make_mailbox(make_domain(acme), raw={"display_name": "Ann"})
    action = mailboxes.update_mailbox(
        mailbox,
        by=make_person("support", root),
        changes={"display_name": "Ann Two"},
        password="new-secret-word-1",
        submission=uuid.uuid4(),
    )
    row = AuditEntry.objects.get(action=action)
    answer = page(client, row)
    values = {value.name: (value.old, value.new) for value in answer.context["values"]}
    assert values["display_name"] == ("Ann", "Ann Two")
    assert values["password"] == ("", "changed")
    assert "with_secret" not in values
    shown = answer.content.decode()
    assert "new-secret-word-1" not in shown
    for link in (
        reverse("mailboxes:detail", args=[mailbox.guid]),
        reverse("ous:detail", args=[acme.guid]),
        reverse("activity:detail", args=[action.pk]),
        f"{LIST}?object=mailbox%3A{mailbox.guid}",
    ):
        assert f'href="{link}"' in shown


def test_an_edition_and_service_fields_have_their_old_values_too(
    client: Client, acme: OU, auditor: Person
) -> None:
    package = make_package(acme, editions=("BASIC", "LARGE"), state="active")
    mailbox = make_mailbox(make_domain(acme, package=package), edition_code="BASIC")
    mailboxes.change_edition(mailbox, package, "LARGE", by=auditor, submission=uuid.uuid4())
    known = {"relay": "old.example", "relay_password": "********"}
    domains.fill_fields(
        make_domain(acme, package=package, state="inactive", fields=known),
        by=auditor,
        fields={"relay": "new.example"},
        secrets={"relay_password": "planted-secret-1"},
        submission=uuid.uuid4(),
    )
    fields, edition = AuditEntry.objects.order_by("-id")
    shown = {value.name: (value.old, value.new) for value in page(client, edition).context["values"]}
    assert shown["code"] == ("BASIC", "LARGE")
    answer = page(client, fields)
    shown = {value.name: (value.old, value.new) for value in answer.context["values"]}
    assert shown["relay"] == ("old.example", "new.example")
    assert shown["relay_password"] == ("********", "changed")
    assert "planted-secret-1" not in answer.content.decode() + str(
        AuditEntry.objects.values_list("old", "new")
    )


def test_what_the_viewer_may_not_open_is_named_without_a_link(
    client: Client, root: OU, auditor: Person
) -> None:
    row = entry(root, "somewhere else", thing=make_mailbox(make_domain(make_ou(parent=make_ou()))))
    answer = page(client, row)
    assert answer.context["object_url"] == answer.context["action_url"] == answer.context["batch_url"] == ""
    assert "somewhere else" in answer.content.decode()


def test_hostile_text_is_escaped_everywhere(client: Client, root: OU, auditor: Person) -> None:
    bad = "<img src=x onerror=alert(1)>"
    looker = make_person("owner", root)
    looker.name = bad
    looker.save()
    with audit.within(acting_as=looker):
        row = entry(root, bad, by=looker, reason=bad, text=bad, old={bad: bad}, new={"a": {bad: [bad, bad]}})
    for answer in (client.get(LIST), client.get(LIST, {"q": bad, "person": bad}), page(client, row)):
        assert answer.status_code == 200
        assert "<img src=x" not in answer.content.decode()


def test_values_of_any_shape_are_shown(client: Client, root: OU, auditor: Person) -> None:
    old: dict[str, Any] = {"a": None, "b": True, "c": [], "d": {}, "e": [{"f": 1}, {"f": 2}]}
    answer = page(client, entry(root, "odd", old=old, new={"e": [{"f": 1}]}))
    values = {value.name: (value.old, value.new, value.changed) for value in answer.context["values"]}
    assert values["b"] == ("yes", "", True)
    assert values["e.1.f"] == ("1", "1", False)
    assert values["e.2.f"] == ("2", "", True)


def test_it_costs_the_same_queries_at_ten_entries_and_at_a_thousand(
    client: Client, root: OU, acme: OU, auditor: Person
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(titles(client)) > 0
        return len(queries)

    people = [make_person("support", root) for _ in range(5)]
    for number in range(10):
        entry(acme, f"t{number}", by=people[number % 5])
    cost()
    few = cost()
    AuditEntry.objects.bulk_create(
        AuditEntry(
            kind="asked", ou=acme, by=people[n % 5], acting_as=people[(n + 1) % 5], object_title=f"m{n}"
        )
        for n in range(1000)
    )
    assert cost() == few


def test_pages_follow_each_other_while_entries_are_added(
    client: Client, root: OU, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.listing.page.__kwdefaults__", {"size": 2})
    for number in range(5):
        entry(root, f"t{number}")
    seen: list[str] = []
    url = LIST
    while url:
        answer: Any = client.get(url)
        seen += [row["entry"].object_title for row in answer.context["rows"]]
        entry(root, "meanwhile")
        url = answer.context["page"].next_url
    assert seen == ["t4", "t3", "t2", "t1", "t0"]


def test_entries_of_one_request_carry_its_id_and_strangers_cannot_choose_it(
    client: Client, root: OU, acme: OU
) -> None:
    client.force_login(make_person("support", root))
    for _ in range(2):
        mailbox = make_mailbox(make_domain(acme))
        where = reverse("mailboxes:do", args=[mailbox.guid, "suspend"])
        client.post(where, {}, headers={"X-Request-ID": "chosen-by-a-stranger"})
    ids = list(AuditEntry.objects.filter(kind="asked").values_list("request_id", flat=True))
    assert len(set(ids)) == 2
    assert all(len(number) == 36 for number in ids)
    assert audit.context().request_id == ""
