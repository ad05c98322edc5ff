"""Selling a package: the form that the catalogue makes, and what is there when there is none."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import JSONField, Value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action, Catalogue, Reading
from tests.integration.factories import make_connection, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
RAW: dict[str, Any] = {
    "packages": [
        {
            "code": "SYN-CMS",
            "name": "CloudMail",
            "editions": [
                {"code": "SYN-CMS-BASIC-02", "name": "Basic 2GB", "default": True, "price": "18.00"},
                {"code": "SYN-CM-PREM-25-ARCH", "name": "Premium <25GB>", "max": 25},
            ],
        },
        {
            "code": "SYN-PIN-SEC",
            "name": "Securemail",
            "editions": [
                {"code": "SYN-PIN-SEC-BOTH", "name": "Bidirectional"},
                {"code": "SYN-PIN-SEC-IN", "name": "Inbound"},
            ],
        },
        {
            "code": "SYN-PIN-CON",
            "name": "Continuity",
            "editions": [{"code": "SYN-PIN-CON-STD", "name": "Standard"}],
        },
        {
            "code": "SYN-PIN-BRD",
            "name": "Branding",
            "editions": [{"code": "SYN-PIN-BRD", "name": "Branding"}],
        },
    ]
}


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme <Ltd>")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


@pytest.fixture
def offered(acme: OU) -> Catalogue:
    return Catalogue.objects.create(ou=acme, raw=RAW, as_at=timezone.now())


def url_of(company: OU) -> str:
    return reverse("packages:new", args=[company.guid])


def sell(client: Client, company: OU, product: str, *editions: str, **fields: Any) -> Any:
    data = {"product": product, f"edition-{product}": editions, "submission": str(uuid.uuid4()), **fields}
    return client.post(url_of(company), data)


# --- the form from the catalogue ------------------------------------------------------------------------------


def test_the_form_shows_each_product_with_its_editions(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    body = client.get(url_of(acme)).content.decode()
    for text in (
        "CloudMail",
        "Securemail",
        "Premium &lt;25GB&gt;",
        "At most 25",
        "SYNAQ’s price 18.00",
        "default",
    ):
        assert text in body
    assert "<25GB>" not in body
    assert not Reading.objects.exists()


def test_mailbox_products_take_any_number_and_plans_exactly_one(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    choices = {row["value"]: row for row in client.get(url_of(acme)).context["form"].choices()}
    assert {code: row["many"] for code, row in choices.items()} == {
        "SYN-CMS": True,
        "SYN-PIN-CON": True,
        "SYN-PIN-SEC": False,
        "SYN-PIN-BRD": False,
    }
    assert choices["SYN-PIN-BRD"]["editions"][0]["checked"]
    assert not choices["SYN-PIN-SEC"]["editions"][0]["checked"]


@pytest.mark.parametrize(
    ("product", "editions"),
    [
        ("SYN-CMS", ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"]),
        ("SYN-CMS", []),
        ("SYN-PIN-SEC", ["SYN-PIN-SEC-IN"]),
        ("SYN-PIN-CON", ["SYN-PIN-CON-STD"]),
    ],
)
def test_a_package_is_asked_for_with_its_editions(
    client: Client, acme: OU, support: Any, offered: Catalogue, product: str, editions: list[str]
) -> None:
    answer = sell(client, acme, product, *editions)
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert action.payload == {"code": product, "editions": editions}
    assert (action.guid, action.ou, action.by) == (acme.guid, acme, support)


@pytest.mark.parametrize(
    ("product", "editions", "sentence"),
    [
        ("", [], "Choose a product."),
        ("SYN-NEW", ["X"], "SYNAQ does not offer that product any more. Choose another."),
        ("SYN-PIN-SEC", [], "Securemail takes exactly one edition. Choose one."),
        ("SYN-PIN-SEC", ["SYN-PIN-SEC-IN", "SYN-PIN-SEC-BOTH"], "Securemail takes exactly one edition."),
        ("SYN-PIN-CON", [], "Choose at least one edition of Continuity."),
        ("SYN-CMS", ["<b>"], "&lt;b&gt; is not offered with CloudMail."),
    ],
)
def test_what_a_product_does_not_take_is_refused_before_it_is_sent(
    client: Client,
    acme: OU,
    support: Any,
    offered: Catalogue,
    product: str,
    editions: list[str],
    sentence: str,
) -> None:
    answer = sell(client, acme, product, *editions)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Action.objects.exists()


def test_a_wrong_choice_keeps_what_was_chosen(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    answer = sell(client, acme, "SYN-PIN-SEC", "SYN-PIN-SEC-IN", "SYN-PIN-SEC-BOTH")
    chosen = next(row for row in answer.context["form"].choices() if row["checked"])
    assert chosen["value"] == "SYN-PIN-SEC"
    assert all(edition["checked"] for edition in chosen["editions"])
    assert "exactly one edition" in chosen["error"]


def test_a_form_sent_twice_sells_once(client: Client, acme: OU, support: Any, offered: Catalogue) -> None:
    mark = str(uuid.uuid4())
    first = sell(client, acme, "SYN-CMS", submission=mark)
    assert sell(client, acme, "SYN-CMS", submission=mark)["Location"] == first["Location"]
    assert Action.objects.count() == 1


def test_what_the_company_has_already_is_said(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    make_package(acme, code="SYN-PIN-SEC")
    assert client.get(url_of(acme)).content.decode().count("This company has one already.") == 1


def test_where_no_editions_are_chosen_a_catalogue_need_not_name_any(client: Client) -> None:
    raw = {"packages": [{"code": "CLM-STD", "name": "CloudMail"}, {"code": "SM-PREM", "name": "Securemail"}]}
    for dialect, offered in (("current", True), ("legacy", False)):
        root = make_ou(make_connection(dialect))
        acme = make_ou(parent=root)
        Catalogue.objects.create(ou=acme, raw=raw, as_at=timezone.now())
        client.force_login(make_person("support", root))
        body = client.get(reverse("packages:new", args=[acme.guid])).content.decode()
        assert ('value="CLM-STD"' in body) is offered


def test_on_a_current_connection_no_editions_are_asked_for_or_sent(client: Client) -> None:
    root = make_ou(make_connection("current"))
    company = make_ou(parent=root)
    Catalogue.objects.create(ou=company, raw=RAW, as_at=timezone.now())
    client.force_login(make_person("support", root))
    body = client.get(url_of(company)).content.decode()
    assert "Securemail" in body
    assert "SYN-PIN-SEC-IN" not in body
    assert sell(client, company, "SYN-PIN-SEC", "SYN-PIN-SEC-IN").status_code == 303
    assert Action.objects.get().payload == {"code": "SYN-PIN-SEC", "editions": []}


# --- who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["auditor", "finance", "support_nobill", "company_admin"])
def test_roles_that_sell_nothing_find_no_form(
    client: Client, root: OU, acme: OU, offered: Catalogue, role: str
) -> None:
    client.force_login(make_person(role, root))
    assert client.get(url_of(acme)).status_code == 404
    assert sell(client, acme, "SYN-CMS").status_code == 404
    assert not Action.objects.exists()


def test_a_stranger_finds_no_form_and_has_nothing_read(client: Client, acme: OU) -> None:
    client.force_login(make_person("owner", make_ou()))
    assert client.get(url_of(acme)).status_code == 404
    assert sell(client, acme, "SYN-CMS").status_code == 404
    assert not Reading.objects.exists()


def test_nothing_is_sold_to_a_reseller(client: Client, root: OU, support: Any) -> None:
    assert client.get(url_of(root)).status_code == 404


# --- fetching the catalogue -------------------------------------------------------------------------------------


def test_the_first_time_it_is_fetched_and_the_page_shows_it_when_it_has_come(
    client: Client, acme: OU, support: Any
) -> None:
    page = client.get(url_of(acme))
    assert "is being fetched" in page.content.decode()
    assert 'hx-trigger="every 1s"' in page.content.decode()
    assert page.context["form"] is None
    assert Reading.objects.get().kind == "catalogue"
    waiting = client.get(url_of(acme), {"mark": "", "v": "x"}, **HTMX)
    assert "HX-Refresh" not in waiting
    Catalogue.objects.create(ou=acme, raw=RAW, as_at=timezone.now())
    Reading.objects.update(due_at=None)
    assert client.get(url_of(acme), {"mark": ""}, **HTMX)["HX-Refresh"] == "true"
    assert client.get(url_of(acme)).context["form"] is not None


def test_an_unchanged_wait_is_not_sent_again(client: Client, acme: OU, support: Any) -> None:
    page = client.get(url_of(acme))
    vals = page.context["live_vals"]
    assert client.get(url_of(acme), {"mark": "", **json.loads(vals)}, **HTMX).status_code == 204


def test_trouble_in_fetching_is_told_in_words_with_a_way_on(client: Client, acme: OU, support: Any) -> None:
    client.get(url_of(acme))
    Reading.objects.update(due_at=None, trouble="SYNAQ answered <403>.")
    body = client.get(url_of(acme), {"mark": ""}, **HTMX).content.decode()
    assert "SYNAQ answered &lt;403&gt;." in body
    assert "Try again" in body
    assert "by=hand" in body
    assert 'hx-trigger="every' not in body
    assert Reading.objects.get().due_at is None
    client.get(url_of(acme))
    assert Reading.objects.get().due_at is not None


def test_an_old_catalogue_is_used_at_once_and_read_anew(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    Catalogue.objects.update(as_at=timezone.now() - timedelta(minutes=2))
    page = client.get(url_of(acme))
    assert page.context["form"] is not None
    assert "being read anew" in page.content.decode()
    assert Reading.objects.get().due_at is not None


def test_a_changed_catalogue_is_announced_and_takes_nothing_from_the_form(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    mark = client.get(url_of(acme)).context["mark"]
    Catalogue.objects.update(raw={"packages": RAW["packages"][:2]}, as_at=timezone.now())
    fragment = client.get(url_of(acme), {"mark": mark}, **HTMX)
    body = fragment.content.decode()
    assert "has changed since this page was opened" in body
    assert 'name="redraw"' in body
    assert "<form" not in body
    again = sell(client, acme, "SYN-CMS", "SYN-CMS-BASIC-02", redraw="1")
    assert again.status_code == 200
    chosen = next(row for row in again.context["form"].choices() if row["checked"])
    assert [edition["checked"] for edition in chosen["editions"]] == [True, False]
    assert not again.context["form"].errors
    assert not Action.objects.exists()


def test_the_same_catalogue_read_anew_is_no_change(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    mark = client.get(url_of(acme)).context["mark"]
    Catalogue.objects.update(as_at=timezone.now())
    assert "has changed" not in client.get(url_of(acme), {"mark": mark}, **HTMX).content.decode()


# --- by hand ----------------------------------------------------------------------------------------------------


def typed(client: Client, company: OU, code: str, editions: str = "") -> Any:
    data = {"way": "typed", "code": code, "editions": editions, "submission": str(uuid.uuid4())}
    return client.post(url_of(company), data)


@pytest.mark.parametrize("raw", [{"surprise": True}, [], "text </pre><script>", None, {"packages": []}])
def test_a_catalogue_that_cannot_be_read_is_shown_and_leaves_a_way_on(
    client: Client, acme: OU, support: Any, raw: Any
) -> None:
    Catalogue.objects.create(ou=acme, raw=Value(raw, JSONField()), as_at=timezone.now())
    body = client.get(url_of(acme)).content.decode()
    assert "could not read SYNAQ’s catalogue" in body
    assert 'name="code"' in body
    assert "</pre><script>" not in body
    assert acme.guid in body
    assert typed(client, acme, "SYN-CMS").status_code == 303


def test_typed_codes_are_sent_as_typed(client: Client, acme: OU, support: Any) -> None:
    answer = typed(client, acme, " SYN-NEW-1 ", "A-1, A-2;A-1\u200b  B-1")
    assert answer.status_code == 303
    assert Action.objects.get().payload == {"code": "SYN-NEW-1", "editions": ["A-1", "A-2", "B-1"]}


@pytest.mark.parametrize(
    ("code", "editions", "sentence"),
    [
        ("", "", "Type the product’s code"),
        ("SYN CMS", "", "A product code is one word"),
        ("SYN-PIN-SEC", "", "exactly one edition"),
        ("SYN-PIN-SEC", "A, B", "exactly one edition"),
        ("SYN-PIN-CON", "", "needs an edition"),
        ("NOBODY-KNOWS", "", "needs an edition"),
        ("SYN-CMS", "x" * 101, "These are not edition codes"),
        ("a\x00", "", "cannot be typed"),
    ],
)
def test_wrong_codes_are_told_and_kept(
    client: Client, acme: OU, support: Any, code: str, editions: str, sentence: str
) -> None:
    answer = typed(client, acme, code, editions)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Action.objects.exists()


def test_the_page_for_typing_by_hand_does_not_move(client: Client, acme: OU, support: Any) -> None:
    body = client.get(url_of(acme), {"by": "hand"}).content.decode()
    assert 'name="code"' in body
    assert 'hx-trigger="every' not in body


# --- refused by SYNAQ -------------------------------------------------------------------------------------------


def test_a_refused_sale_comes_back_with_the_words_beside_the_editions(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    sell(client, acme, "SYN-CMS", "SYN-CMS-BASIC-02")
    action = Action.objects.get()
    ledger.fail(action, "refused", "Invalid", [{"field": "editions", "message": "Not <today>."}])
    page = client.get(url_of(acme), {"again": str(action.pk)})
    chosen = next(row for row in page.context["form"].choices() if row["checked"])
    assert chosen["error"] == "Not <today>."
    assert [edition["checked"] for edition in chosen["editions"]] == [True, False]
    assert "Not &lt;today&gt;." in page.content.decode()


def test_a_refused_sale_of_what_is_not_in_the_catalogue_comes_back_as_typed(
    client: Client, acme: OU, support: Any, offered: Catalogue
) -> None:
    typed(client, acme, "SYN-OLD", "E-1, E-2")
    action = Action.objects.get()
    ledger.fail(action, "refused", "Invalid", [{"field": "code", "message": "No such product."}])
    page = client.get(url_of(acme), {"again": str(action.pk)})
    assert page.context["typed"]["editions"].value() == "E-1, E-2"
    assert page.context["typed"].errors == {"code": ["No such product."]}
