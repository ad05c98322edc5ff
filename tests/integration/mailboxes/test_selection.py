"""Many mailboxes chosen together: asked first, then one batch; what cannot go says why."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import Membership
from portal.mailboxes import selection
from provisioning import batches as engine
from provisioning.models import OU, Action, Batch, Domain, Mailbox
from provisioning.services import mailboxes
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db

LIST, SELECTED = "/mailboxes/", "/mailboxes/selected/"


@pytest.fixture
def domain(acme: OU) -> Domain:
    return make_domain(acme, "acme.example")


def ask(client: Client, operation: str, chosen: list[Mailbox] | None, query: str = "", **data: Any) -> Any:
    """What the bar above the list sends; without `chosen`, all that match."""
    which = {"all": "1"} if chosen is None else {"guid": [row.guid for row in chosen]}
    return client.post(f"{SELECTED}?{query}", {"operation": operation, **which, **data})


def confirm(
    client: Client, operation: str, chosen: list[Mailbox] | None, query: str = "", **data: Any
) -> Any:
    """The question, answered."""
    asked = ask(client, operation, chosen, query)
    sent = {"confirmed": "1", "mark": asked.context["verdict"].mark, "submission": str(uuid.uuid4()), **data}
    return ask(client, operation, chosen, query, **sent)


def addresses(batch: Batch) -> list[str]:
    return list(batch.steps.order_by("position").values_list("title", flat=True))


def test_asked_first_then_one_batch_and_the_list_as_it_was(
    client: Client, domain: Domain, support: Any
) -> None:
    ann, ben, _ = (make_mailbox(domain, name) for name in ("ann", "ben", "cat"))
    asked = ask(client, "suspend", [ben, ann], "state=active&sort=-state")
    body = asked.content.decode()
    assert (asked.status_code, Batch.objects.count()) == (200, 0)
    assert "Suspend 2 mailboxes?" in body
    assert "mail still arrives" in body
    answer = confirm(client, "suspend", [ben, ann], "state=active&sort=-state", reason="Unpaid")
    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}?state=active&sort=-state")
    batch = Batch.objects.get()
    assert (batch.kind, batch.by, batch.reason, batch.ou) == ("selection", support, "Unpaid", domain.ou)
    assert addresses(batch) == ["ann@acme.example", "ben@acme.example"]
    assert set(Action.objects.values_list("operation", "state")) == {("mailbox.suspend", "queued")}
    told = client.get(answer["Location"]).content.decode()
    assert f'<a href="/batches/{batch.pk}/">batch {batch.pk}</a>' in told
    assert client.get(f"/batches/{batch.pk}/").status_code == 200


def test_all_that_match_the_filter_beyond_the_page(client: Client, domain: Domain, support: Any) -> None:
    for number in range(60):
        make_mailbox(domain, f"m{number:02}")
    make_mailbox(domain, "other", state="suspended")
    page = client.get(LIST, {"state": "active"})
    assert page.context["bar"]["total"] == 60
    assert "All 60 that match" in page.content.decode()
    confirm(client, "close", None, "state=active")
    assert Batch.objects.get().steps.count() == 60
    assert Action.objects.count() == engine.WINDOW


def test_the_form_sent_twice_is_one_batch(client: Client, domain: Domain, support: Any) -> None:
    ann = make_mailbox(domain, "ann")
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert confirm(client, "suspend", [ann], submission=mark).status_code == 303
    # the second press of the same form, whose page was drawn before the first
    verdict = hash_of([ann])
    again = ask(client, "suspend", [ann], confirmed="1", mark=verdict, submission=mark)
    assert again.status_code == 303
    assert (Batch.objects.count(), Action.objects.count()) == (1, 1)


def hash_of(going: list[Mailbox]) -> str:
    return selection.Verdict(going, []).mark


def test_what_cannot_go_is_left_out_with_its_reason(client: Client, domain: Domain, support: Any) -> None:
    ann = make_mailbox(domain, "ann")
    ben = make_mailbox(domain, "ben", state="closed")
    cat = make_mailbox(domain, "cat", account_locked=True)
    dan = make_mailbox(domain, "dan")
    mailboxes.change_state(dan, "mailbox.suspend", by=support, submission=uuid.uuid4())
    asked = ask(client, "suspend", [ann, ben, cat, dan])
    reasons = {entry.why: entry.named for entry in asked.context["verdict"].left_out}
    assert len(reasons) == 3
    assert reasons["Suspend is under way already."] == ["dan@acme.example"]
    assert any("locked" in why for why in reasons)
    confirm(client, "suspend", [ann, ben, cat, dan])
    assert addresses(Batch.objects.get()) == ["ann@acme.example"]


def test_none_of_them_can_go(client: Client, domain: Domain, support: Any) -> None:
    ben = make_mailbox(domain, "ben", state="closed")
    body = ask(client, "suspend", [ben]).content.decode()
    assert "cannot" in body
    assert 'name="confirmed"' not in body
    ask(client, "suspend", [ben], confirmed="1", mark=hash_of([]), submission=str(uuid.uuid4()))
    assert not Batch.objects.exists()


def test_what_is_deleted_is_counted_and_the_number_typed(
    client: Client, domain: Domain, support: Any
) -> None:
    both = [make_mailbox(domain, "ann"), make_mailbox(domain, "ben", state="inactive")]
    asked = ask(client, "delete", both)
    assert "cannot be undone" in asked.content.decode()
    wrong = confirm(client, "delete", both, typed_count="3", reason="Left <us>")
    assert wrong.status_code == 422
    assert "That is not their number." in wrong.content.decode()
    assert "Left &lt;us&gt;" in wrong.content.decode()
    assert not Batch.objects.exists()
    assert confirm(client, "delete", both, typed_count=" 2 ").status_code == 303
    assert Batch.objects.get().steps.count() == 2


def test_who_matches_now_is_not_who_was_looked_at(client: Client, domain: Domain, support: Any) -> None:
    make_mailbox(domain, "ann")
    mark = ask(client, "delete", None).context["verdict"].mark
    make_mailbox(domain, "newcomer")
    sent = {"confirmed": "1", "mark": mark, "submission": str(uuid.uuid4()), "typed_count": "2"}
    answer = ask(client, "delete", None, **sent, reason="Kept")
    body = answer.content.decode()
    assert (answer.status_code, Batch.objects.count()) == (422, 0)
    assert "Something has changed since you were asked." in body
    assert "newcomer@acme.example" in body
    assert "Kept" in body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"operation": "suspend"}, "Tick the mailboxes first"),
        ({"operation": "suspend", "guid": ["\x00", "nobody"]}, "Tick the mailboxes first"),
        ({"operation": "suspend", "all": "1"}, "Nothing matches any more."),
    ],
)
def test_nothing_is_chosen(client: Client, support: Any, data: dict[str, Any], words: str) -> None:
    answer = client.post(f"{SELECTED}?q=x", data)
    assert answer["Location"] == f"{LIST}?q=x"
    assert words in client.get(answer["Location"]).content.decode()


def test_more_than_the_most_at_once(
    client: Client, domain: Domain, support: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MOST", 52)
    for number in range(53):
        make_mailbox(domain, f"m{number}")
    assert "More than 52 match" in client.get(LIST).content.decode()
    answer = ask(client, "suspend", None)
    assert "narrow the search" in client.get(answer["Location"]).content.decode()
    assert not Batch.objects.exists()


@pytest.mark.parametrize("operation", ["", "unlock", "update", "change_edition", "mailbox.suspend", "x\x00"])
def test_only_what_needs_no_form_of_its_own(
    client: Client, domain: Domain, support: Any, operation: str
) -> None:
    assert ask(client, operation, [make_mailbox(domain)]).status_code == 404


def test_a_stranger_s_mailboxes_are_not_there(client: Client, root: OU, acme: OU, domain: Domain) -> None:
    other = make_mailbox(make_domain(make_ou(parent=root), "other.example"), "zoe")
    ann = make_mailbox(domain, "ann")
    client.force_login(make_person("company_admin", acme))
    asked = ask(client, "suspend", [ann, other])
    assert "zoe@other.example" not in asked.content.decode()
    assert [row.email for row in asked.context["verdict"].going] == ["ann@acme.example"]
    everything = ask(client, "suspend", None, "q=zoe")
    assert everything.status_code == 303


def test_who_may_only_look_gets_no_boxes_and_who_may_not_close_no_such_verb(
    client: Client, root: OU, acme: OU, domain: Domain
) -> None:
    ann = make_mailbox(domain, "ann")
    client.force_login(make_person("auditor", root))
    assert 'form="selection"' not in client.get(LIST).content.decode()
    assert ask(client, "suspend", [ann]).status_code == 404
    client.force_login(make_person("company_helpdesk", acme))
    body = client.get(LIST).content.decode()
    assert 'value="suspend"' in body
    assert 'value="delete"' not in body
    assert ask(client, "delete", [ann]).status_code == 404
    client.force_login(make_person("finance", root))
    assert client.get(SELECTED).status_code == 404


def test_where_the_right_is_held_in_two_places_each_gets_a_batch_that_is_seen(
    client: Client, root: OU, acme: OU
) -> None:
    bravo = make_ou(parent=root, title="Bravo")
    person = make_person("company_admin", acme)
    Membership.objects.create(person=person, ou=bravo, role="company_admin")
    auditor_too = make_ou(parent=root, title="Only looked at")
    Membership.objects.create(person=person, ou=auditor_too, role="auditor")
    client.force_login(person)
    chosen = [make_mailbox(make_domain(ou)) for ou in (acme, bravo, auditor_too)]
    asked = ask(client, "suspend", chosen)
    assert [entry.why for entry in asked.context["verdict"].left_out] == ["You may not ask for that there."]
    confirm(client, "suspend", chosen)
    found = Batch.objects.order_by("id")
    assert {batch.ou for batch in found} == {acme, bravo}
    assert [client.get(f"/batches/{batch.pk}/").status_code for batch in found] == [200, 200]


def test_several_companies_are_one_batch_of_their_reseller(
    client: Client, root: OU, acme: OU, domain: Domain, support: Any
) -> None:
    chosen = [make_mailbox(domain), make_mailbox(make_domain(make_ou(parent=root)))]
    assert "They belong to 2 companies." in ask(client, "suspend", chosen).content.decode()
    confirm(client, "suspend", chosen)
    assert Batch.objects.get().ou == root


def test_hostile_addresses_are_escaped(client: Client, domain: Domain, support: Any) -> None:
    bad = make_mailbox(domain, "<script>x", state="<b>odd")
    worse = make_mailbox(domain, '"><img>', state="closed")
    body = ask(client, "suspend", [bad, worse]).content.decode()
    for hostile in ("<script>x", "<b>odd", "<img>"):
        assert hostile not in body


def test_a_thousand_chosen_cost_as_many_queries_as_ten(client: Client, domain: Domain, support: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ask(client, "suspend", None).status_code == 200
        return len(queries)

    def more(number: int) -> None:
        facts = {"connection": domain.connection, "ou": domain.ou, "domain": domain, "as_at": timezone.now()}
        Mailbox.objects.bulk_create(
            Mailbox(
                guid=str(uuid.uuid4()),
                email=f"{uuid.uuid4()}@acme.example",
                state=("active", "closed")[n % 2],
                **facts,
            )
            for n in range(number)
        )

    more(10)
    few = cost()
    more(990)
    assert cost() == few


def test_all_on_the_page_are_ticked_without_scripts_and_no_link_repeats_it(
    client: Client, domain: Domain, support: Any
) -> None:
    for number in range(51):
        make_mailbox(domain, f"m{number:02}")
    page = client.get(LIST, {"state": "active", "tick": "page"})
    body = page.content.decode()
    assert page.context["ticked"] is True
    assert len(re.findall(r'aria-label="Select m\d\d@acme.example"\s+checked', body)) == 50
    assert "tick=page" not in page.context["page"].next_url


def test_the_part_that_moves_counts_nothing(client: Client, domain: Domain, support: Any) -> None:
    make_mailbox(domain, "ann")
    fragment = client.get(LIST, headers={"HX-Request": "true"})
    assert "bar" not in fragment.context
    assert 'form="selection"' in fragment.content.decode()
