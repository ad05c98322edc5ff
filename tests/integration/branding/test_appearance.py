"""Setting how the portal looks: who may, what is refused and how, what is kept, what the trail tells."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Brand, CustomRole, Membership
from portal.branding import colours
from provisioning.models import OU, AuditEntry
from tests.integration.branding.pictures import drawn, opened, upload
from tests.integration.factories import fresh, make_ou, make_person

pytestmark = pytest.mark.django_db
LIST = reverse("branding:list")


def page(ou: OU, name: str = "edit") -> str:
    return reverse(f"branding:{name}", args=[ou.guid])


def typed(**changed: Any) -> dict[str, Any]:
    return {
        "name": "Acme Mail",
        "accent": "#7a1fa2",
        "support_email": "help@acme.example",
        "host": "",
        **changed,
    }


def test_an_owner_sets_name_logo_colour_support_and_host(owner: Client, root: OU) -> None:
    facts = typed(logo=upload(drawn()), host="Mail.Acme.Example.", accent="7A1FA2")
    answer = owner.post(page(root), facts)
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    brand = Brand.objects.get()
    assert (brand.ou, brand.name, brand.accent) == (root, "Acme Mail", "#7a1fa2")
    assert (brand.support_email, brand.host) == ("help@acme.example", "mail.acme.example")
    assert opened(bytes(brand.logo)).size == (360, 120)
    text = owner.get(LIST).content.decode()
    assert "Acme Mail" in text
    assert "mail.acme.example" in text


def test_the_trail_tells_what_was_and_what_is(owner: Client, root: OU) -> None:
    owner.post(page(root), typed(logo=upload(drawn())))
    mark = Brand.objects.get().logo_mark
    owner.post(page(root), typed(name="Acme Post"))
    owner.post(page(root), typed(name="Acme Post"))  # the same once more is no change
    owner.post(page(root, "remove"))
    made, renamed, removed = AuditEntry.objects.filter(kind="brand").order_by("pk")
    assert (made.ou, made.object_guid, made.old, made.new["logo"]) == (root, root.guid, {}, mark)
    assert (renamed.old, renamed.new) == ({"name": "Acme Mail"}, {"name": "Acme Post"})
    assert (removed.old["name"], removed.new) == ("Acme Post", {})
    assert not Brand.objects.exists()


def test_the_logo_stays_until_another_or_none_is_chosen(owner: Client, root: OU) -> None:
    owner.post(page(root), typed(logo=upload(drawn())))
    first = Brand.objects.get()
    owner.post(page(root), typed(name="Other"))
    kept = Brand.objects.get()
    assert (kept.logo_mark, bytes(kept.logo)) == (first.logo_mark, bytes(first.logo))
    owner.post(page(root), typed(logo=upload(drawn("JPEG", (50, 50)))))
    other = Brand.objects.get()
    assert other.logo_mark != first.logo_mark
    owner.post(page(root), typed(no_logo="on"))
    none = Brand.objects.get()
    assert (none.logo_mark, bytes(none.logo)) == ("", b"")


def test_a_preview_saves_nothing_and_carries_the_logo_along(owner: Client, root: OU) -> None:
    answer = owner.post(page(root), typed(logo=upload(drawn()), preview="1"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert not Brand.objects.exists()
    held = answer.context["form"].held
    assert f"data:image/png;base64,{held}" in text
    assert "/appearance/look/7a1fa2.css" in text
    assert owner.post(page(root), typed(held_logo=held)).status_code == 303
    assert opened(bytes(Brand.objects.get().logo)).size == (360, 120)


@pytest.mark.parametrize(
    "held",
    [
        "not base64!",
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        "A" * 800_000,
        "é",
        "data:image/png,x",
    ],
)
def test_a_carried_logo_that_was_tampered_with_is_refused(owner: Client, root: OU, held: str) -> None:
    answer = owner.post(page(root), typed(held_logo=held))
    assert answer.status_code == 422
    assert not Brand.objects.exists()
    assert held not in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "required"),
        ("name", "x" * 61, "at most 60"),
        ("name", "Bank <pay@bank.example>", "no @"),
        ("name", "Acme\r\nBcc: all@example.test", "no @"),
        ("name", "Acme\u202egnp.exe", "hidden"),
        ("name", "A\x00b", "Null characters"),
        ("accent", "#ffd54f", "is the nearest that can"),
        ("accent", "#fff;}body{display:none", "at most 9"),
        ("accent", "red", "six digits"),
        ("accent", "#12345", "six digits"),
        ("accent", "#１２３４５６", "six digits"),
        ("support_email", "help", "valid email"),
        ("support_email", "a@b.example?bcc=x@y.example", "valid email"),
        ("host", "https://mail.acme.example", "bare name"),
        ("host", "mail.acme.example:8443", "bare name"),
        ("host", "mail.acme.example/x", "bare name"),
        ("host", "*", "bare name"),
        ("host", ".acme.example", "bare name"),
        ("host", "mail.elsewhere.example", "adds it to ALLOWED_HOSTS first"),
        ("host", "mail.acme.example.evil.example", "adds it to ALLOWED_HOSTS first"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_beside_its_field(
    owner: Client, root: OU, field: str, value: str, words: str
) -> None:
    answer = owner.post(page(root), typed(**{field: value}))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in text
    assert words in text
    assert "help@acme.example" in text or field == "support_email"  # what was typed stays
    assert not Brand.objects.exists()


def test_a_colour_that_is_refused_comes_with_one_that_is_not(owner: Client, root: OU) -> None:
    near = colours.nearest_readable("#ffd54f")
    assert near in owner.post(page(root), typed(accent="#ffd54f")).content.decode()
    assert owner.post(page(root), typed(accent=near)).status_code == 303


def test_a_host_name_is_one_brands_alone(owner: Client, root: OU, north: OU) -> None:
    owner.post(page(root), typed(host="mail.acme.example"))
    answer = owner.post(page(north), typed(name="North Mail", host="mail.acme.example"))
    assert answer.status_code == 422
    assert "not free" in answer.content.decode()
    assert Brand.objects.count() == 1
    for ou in (root, north):  # none at all is everybody's
        assert owner.post(page(ou), typed(host="")).status_code == 303


def test_the_portals_own_host_is_for_those_who_look_after_every_reseller(owner: Client, root: OU) -> None:
    assert owner.post(page(root), typed(host="portal.example")).status_code == 303
    Brand.objects.all().delete()
    make_ou(title="Another Reseller")
    answer = owner.post(page(root), typed(host="PORTAL.example"))
    assert "which all resellers share" in answer.content.decode()
    assert not Brand.objects.exists()


@pytest.mark.parametrize("role", ["support", "support_nobill", "auditor", "finance", "company_admin"])
def test_other_roles_find_nothing(client: Client, root: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    fresh(client)
    Brand.objects.create(ou=root, name="Acme")
    for path in (LIST, page(root), page(root, "remove"), "/appearance/look/7a1fa2.css"):
        assert client.get(path).status_code == 404, path
    for path in (page(root), page(root, "remove")):
        assert client.post(path, typed()).status_code == 404, path
    assert Brand.objects.get().name == "Acme"


def test_owners_of_others_and_of_a_part_reach_only_their_own(client: Client, root: OU, north: OU) -> None:
    Brand.objects.create(ou=root, name="Root Mail")
    south = make_ou(parent=root, type=OU.Type.SUBRESELLER)
    for ou in (make_ou(), south):
        client.force_login(make_person("owner", ou))
        fresh(client)
        for closed in (root, north):
            for name in ("edit", "remove"):
                assert client.get(page(closed, name)).status_code == 404
                assert client.post(page(closed, name), typed()).status_code == 404
        assert client.get(page(ou)).status_code == 200
        assert root.guid not in client.get(LIST).content.decode()
    assert Brand.objects.get().name == "Root Mail"
    answer = client.post(page(south), typed(ou=root.pk, pk="1", logo_mark="0" * 16, logo_url="x"))
    assert answer.status_code == 303
    made = Brand.objects.get(name="Acme Mail")
    assert (made.ou, made.logo_mark) == (south, "")


def test_a_company_and_what_is_gone_have_no_look_of_their_own(owner: Client, root: OU, north: OU) -> None:
    company = make_ou(parent=root)
    OU.objects.filter(pk=north.pk).update(gone_at="2026-01-01T00:00:00Z")
    for closed in (company.guid, north.guid, "nobody", "%00", "x" * 300):
        assert owner.get(f"/appearance/reseller/{closed}/").status_code == 404


def test_a_role_that_may_only_set_the_look_finds_the_page(client: Client, root: OU) -> None:
    role = CustomRole.objects.create(ou=root, label="Marketing", permissions=["brand.change"])
    person = make_person(role.name, root)
    assert Membership.objects.get(person=person).role == role.name
    client.force_login(person)
    fresh(client)
    assert client.get(LIST).status_code == 200
    assert client.post(page(root), typed()).status_code == 303


def test_without_a_fresh_proof_nothing_is_changed(client: Client, root: OU) -> None:
    client.force_login(make_person("owner", root))
    for answer in (client.get(page(root)), client.post(page(root), typed())):
        assert "reauthenticate" in answer["Location"]
    assert not Brand.objects.exists()
