"""Looking at the portal as a customer's person: what is seen, what is refused, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Acting, CustomRole, Membership, Person
from portal.accounts.sessions import end_sessions
from provisioning.models import OU, Action, AuditEntry
from tests.integration.acting.conftest import REASON, begin, only_row
from tests.integration.factories import fresh, make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true"}


def kinds() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def body(answer: Any) -> str:
    return str(answer.content.decode())


def test_one_sees_exactly_what_the_customer_sees(
    client: Client, acme: OU, root: OU, carla: Person, support: Person
) -> None:
    own = make_mailbox(make_domain(acme))
    foreign = make_mailbox(make_domain(make_ou(parent=root)))
    assert begin(client, acme, carla)["Location"] == reverse("home")
    assert client.get("/")["Location"] == reverse("mailboxes:list")
    shown = body(client.get(reverse("mailboxes:list")))
    assert own.email in shown
    assert foreign.email not in shown
    assert client.get(reverse("mailboxes:detail", args=[foreign.guid])).status_code == 404
    for route in ("ous:list", "domains:list", "packages:list", "attention:list"):
        answer = client.get(reverse(route))
        assert answer.status_code == (200 if route == "attention:list" else 404), route


def test_every_page_says_who_looks_as_whom_and_until_when(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    make_mailbox(make_domain(acme))
    begin(client, acme, carla)
    for route in ("mailboxes:list", "activity:list", "bell:list", "acting:list"):
        shown = body(client.get(reverse(route), follow=True))
        assert 'aria-label="Looking as a customer"' in shown
        assert str(support) in shown
        assert str(carla) in shown
        assert reverse("acting:stop") in shown


def test_whatever_would_change_something_is_refused_and_changes_nothing(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    mailbox = make_mailbox(make_domain(acme))
    begin(client, acme, carla)
    where = reverse("mailboxes:do", args=[mailbox.guid, "suspend"])
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(where)
        assert answer.status_code == 409
        assert "nothing was changed" in body(answer).lower()
        assert reverse("acting:stop") in body(answer)
    assert Action.objects.count() == 0
    answer = client.post(where, headers=LIVE)
    assert answer["HX-Refresh"] == "true"
    assert Action.objects.count() == 0


def test_the_lookers_own_account_is_closed_meanwhile(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    assert client.get(reverse("account_change_password")).status_code == 409
    assert client.post(reverse("account_change_password"), {}).status_code == 409


def test_theme_and_columns_are_the_lookers_own(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    assert client.post(reverse("theme"), {"theme": "dark"}).status_code == 303
    answer = client.post(reverse("columns", args=["mailboxes"]), {"column": "state", "next": "/mailboxes/"})
    assert answer.status_code == 303


def test_stopping_gives_back_ones_own_portal_and_spoils_forms_left_open(
    acme: OU, carla: Person, support: Person
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(support)
    fresh(strict)
    where = reverse("acting:begin", args=[acme.guid])
    token = strict.get(where).context["csrf_token"]
    sent = {"person": carla.pk, "reason": REASON, "csrfmiddlewaretoken": str(token)}
    assert strict.post(where, sent).status_code == 303
    left_open = str(strict.get(reverse("mailboxes:list")).context["csrf_token"])
    answer = strict.post(reverse("acting:stop"), {"csrfmiddlewaretoken": left_open})
    assert answer["Location"] == reverse("ous:detail", args=[acme.guid])
    assert not only_row().is_on
    assert strict.get(reverse("ous:list")).status_code == 200
    mailbox = make_mailbox(make_domain(acme))
    spoiled = strict.post(
        reverse("mailboxes:do", args=[mailbox.guid, "suspend"]), {"csrfmiddlewaretoken": left_open}
    )
    assert spoiled.status_code == 403
    assert kinds() == ["acting_began", "acting_ended"]


def test_signing_out_ends_it(client: Client, acme: OU, carla: Person, support: Person) -> None:
    begin(client, acme, carla)
    client.post(reverse("account_logout"))
    assert only_row().ended_at is not None
    entry = AuditEntry.objects.get(kind="acting_ended")
    assert (entry.by, entry.acting_as, entry.text) == (support, carla, "The session ended.")


def test_whatever_ends_the_session_ends_it_at_once(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    end_sessions(support)
    assert only_row().ended_at is not None
    assert client.get(reverse("mailboxes:list"))["Location"].startswith(reverse("account_login"))


def test_it_goes_on_while_another_session_of_theirs_ends(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    other = Client()
    other.force_login(support)
    end_sessions(support, but=client.session.session_key or "")
    assert only_row().is_on
    assert client.get(reverse("mailboxes:list")).status_code == 200


def over(row: Acting) -> None:
    Acting.objects.filter(pk=row.pk).update(until=timezone.now() - timedelta(seconds=1))


def lose_the_right(row: Acting) -> None:
    Membership.objects.filter(person=row.by).update(role="auditor")


def lose_the_membership(row: Acting) -> None:
    Membership.objects.filter(person=row.by).delete()


def they_left(row: Acting) -> None:
    Person.objects.filter(pk=row.person_id).update(is_active=False, left_at=timezone.now())


def they_lost_it(row: Acting) -> None:
    Membership.objects.filter(person=row.person_id).delete()


def they_became_staff(row: Acting) -> None:
    Membership.objects.filter(person=row.person_id).update(role="support")


def ended_elsewhere(row: Acting) -> None:
    Acting.objects.filter(pk=row.pk).update(ended_at=timezone.now())


@pytest.mark.parametrize(
    "happens",
    [over, lose_the_right, lose_the_membership, they_left, they_lost_it, they_became_staff, ended_elsewhere],
)
def test_it_ends_by_itself_and_the_request_of_that_moment_does_nothing(
    client: Client, acme: OU, carla: Person, support: Person, happens: Any
) -> None:
    mailbox = make_mailbox(make_domain(acme))
    begin(client, acme, carla)
    happens(only_row())
    answer = client.post(reverse("mailboxes:do", args=[mailbox.guid, "suspend"]), {})
    assert answer.status_code == 303
    assert Action.objects.count() == 0
    row = only_row()
    assert row.ended_at is not None
    assert row.ended_at <= row.until
    assert "You no longer look at the portal as" in body(client.get("/", follow=True))
    assert "acting" not in client.session


def test_a_fragment_of_a_page_that_was_the_customers_leads_away_when_it_is_over(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    over(only_row())
    answer = client.get(reverse("mailboxes:list"), headers=LIVE)
    assert answer["HX-Redirect"] == reverse("home")
    assert support.email not in body(answer)


def test_it_needs_a_reason_and_one_of_the_companys_own_people(
    client: Client, acme: OU, carla: Person, support: Person, root: OU
) -> None:
    other = make_ou(parent=root)
    staff_too = make_person("company_admin", acme)
    Membership.objects.create(person=staff_too, ou=root, role="auditor")
    made = CustomRole.objects.create(ou=root, label="Night", permissions=["mailboxes.see"], staff=True)
    night = make_person(made.name, acme)
    gone = make_person("company_admin", acme)
    Person.objects.filter(pk=gone.pk).update(left_at=timezone.now(), is_active=False)
    refused = [
        support,
        staff_too,
        night,
        gone,
        make_person("company_admin", other),
        make_person("support", acme),
        make_person("company_admin", make_ou(parent=make_ou())),
    ]
    for person in refused:
        answer = begin(client, acme, person)
        assert answer.status_code == 422, person
        assert "Choose one of the company" in body(answer)
    for reason in ("", "   ", "\u200b"):
        answer = begin(client, acme, carla, reason)
        assert answer.status_code == 422
        assert "Say why" in body(answer)
    assert begin(client, acme, carla, "x" * 301).status_code == 422
    assert Acting.objects.count() == 0
    assert kinds() == []


def test_a_custom_role_of_customers_may_be_looked_as(
    client: Client, acme: OU, support: Person, root: OU
) -> None:
    made = CustomRole.objects.create(ou=root, label="Reader", permissions=["mailboxes.see"], staff=False)
    reader = make_person(made.name, acme)
    assert begin(client, acme, reader).status_code == 303
    assert client.get(reverse("mailboxes:list")).status_code == 200
    assert client.get(reverse("activity:list")).status_code == 404


@pytest.mark.parametrize("role", ["support_nobill", "auditor", "finance", "company_admin"])
def test_whoever_lacks_the_right_finds_no_such_page(
    client: Client, acme: OU, carla: Person, root: OU, role: str
) -> None:
    client.force_login(make_person(role, acme if role == "company_admin" else root))
    fresh(client)
    assert client.get(reverse("acting:begin", args=[acme.guid])).status_code == 404
    assert begin(client, acme, carla).status_code == 404
    assert Acting.objects.count() == 0


def test_another_resellers_company_a_reseller_and_a_company_that_is_gone_are_not_there(
    client: Client, root: OU, support: Person
) -> None:
    foreign = make_ou(parent=make_ou())
    gone = make_ou(parent=root, gone_at=timezone.now())
    for ou in (foreign, root, gone):
        person = make_person("company_admin", ou)
        assert client.get(reverse("acting:begin", args=[ou.guid])).status_code == 404
        assert begin(client, ou, person).status_code == 404
    assert client.get(reverse("acting:begin", args=["no-such"])).status_code == 404


def test_the_right_counts_on_that_company_not_anywhere(client: Client, root: OU) -> None:
    mine, other = make_ou(parent=root), make_ou(parent=root)
    person = make_person("support", mine)
    Membership.objects.create(person=person, ou=root, role="auditor")
    client.force_login(person)
    fresh(client)
    assert begin(client, mine, make_person("company_admin", mine)).status_code == 303
    client.post(reverse("acting:stop"))
    assert begin(client, other, make_person("company_admin", other)).status_code == 404


def test_whoever_has_not_just_proved_who_they_are_does_so_first(
    client: Client, acme: OU, carla: Person, root: OU
) -> None:
    client.force_login(make_person("support", root))
    where = reverse("acting:begin", args=[acme.guid])
    answer = client.get(where)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert begin(client, acme, carla).status_code == 302
    assert Acting.objects.count() == 0


def test_looking_within_a_look_is_refused(client: Client, acme: OU, carla: Person, support: Person) -> None:
    second = make_person("company_helpdesk", acme)
    begin(client, acme, carla)
    assert client.get(reverse("acting:begin", args=[acme.guid])).status_code == 404
    assert begin(client, acme, second).status_code == 409
    assert only_row().person == carla


def test_beginning_anew_in_another_browser_ends_the_first(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    other = Client()
    other.force_login(support)
    fresh(other)
    begin(other, acme, make_person("company_helpdesk", acme))
    assert client.get(reverse("mailboxes:list")).status_code == 303
    assert Acting.objects.filter(ended_at=None).count() == 1
    assert other.get(reverse("mailboxes:list")).status_code == 200


@pytest.mark.parametrize("value", ["1", 10**12, -1, None, [1], {"pk": 1}, 1.5])
def test_a_forged_session_gives_nothing(client: Client, acme: OU, support: Person, value: Any) -> None:
    session = client.session
    session["acting"] = value
    session.save()
    client.get(reverse("mailboxes:list"))
    assert client.get(reverse("ous:list")).status_code == 200
    assert client.session.get("acting") is None


def test_somebody_elses_look_is_not_taken_over(
    client: Client, acme: OU, carla: Person, support: Person, root: OU
) -> None:
    begin(client, acme, carla)
    thief = Client()
    thief.force_login(make_person("owner", root))
    session = thief.session
    session["acting"] = only_row().pk
    session.save()
    assert thief.get(reverse("mailboxes:list")).status_code == 303
    assert thief.get(reverse("ous:list")).status_code == 200
    assert only_row().is_on


def test_rights_that_reach_beyond_the_lookers_scope_stay_closed(client: Client, acme: OU, root: OU) -> None:
    """The customer's person also works for another company, which the looker does not look after."""
    elsewhere = make_ou(parent=root)
    theirs = make_mailbox(make_domain(elsewhere))
    both = make_person("company_admin", acme)
    Membership.objects.create(person=both, ou=elsewhere, role="company_admin")
    client.force_login(make_person("support", acme))
    fresh(client)
    assert begin(client, acme, both).status_code == 303
    assert theirs.email not in body(client.get(reverse("mailboxes:list")))
    assert client.get(reverse("mailboxes:detail", args=[theirs.guid])).status_code == 404


def test_the_bell_is_the_customers_and_stays_as_it_was(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    shown = client.get(reverse("bell:list"), follow=True)
    assert shown.status_code == 200
    carla.refresh_from_db()
    support.refresh_from_db()
    assert carla.looked_at is None
    assert support.looked_at is None


def test_the_company_page_offers_it_to_whoever_may(
    client: Client, acme: OU, support: Person, root: OU
) -> None:
    link = reverse("acting:begin", args=[acme.guid])
    assert link in body(client.get(reverse("ous:detail", args=[acme.guid])))
    client.force_login(make_person("auditor", root))
    assert link not in body(client.get(reverse("ous:detail", args=[acme.guid])))
