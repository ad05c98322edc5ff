"""Where a brand is seen: pages, sign-in, errors, mails; the nearest above, or that of the host; never another's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client, RequestFactory
from django.urls import reverse

from portal import mail
from portal.accounts.models import Acting, Brand
from portal.branding import colours, of
from provisioning.models import OU
from tests.integration.factories import fresh, make_ou, make_person

pytestmark = pytest.mark.django_db
LOGIN = reverse("account_login")
HOSTILE = """O'Neil "&" <script>alert(1)</script> {{ 7|add:7 }}"""


def make_brand(ou: OU, name: str = "Acme Mail", **facts: str) -> Brand:
    return Brand.objects.create(ou=ou, name=name, **{"support_email": "help@acme.example", **facts})


def seen(client: Client, path: str = "/mailboxes/", **headers: Any) -> str:
    return client.get(path, follow=True, **headers).content.decode()


def test_people_see_the_nearest_brand_at_or_above_where_they_belong(
    client: Client, root: OU, north: OU
) -> None:
    company = make_ou(parent=north)
    people = [
        make_person("support", root),
        make_person("support", north),
        make_person("company_admin", company),
    ]
    found = []
    for step in (None, (root, "Root Mail"), (north, "North Mail")):
        if step:
            make_brand(*step)
        for person in people:
            client.force_login(person)
            text = seen(client)
            names = [name for name in ("Root Mail", "North Mail") if f"· {name}</title>" in text]
            found.append(names[0] if names else "")
            assert ("help@acme.example" in text) == bool(names)
            assert bool(names) or "· Mailroom</title>" in text
    assert found == [
        "",
        "",
        "",
        "Root Mail",
        "Root Mail",
        "Root Mail",
        "Root Mail",
        "North Mail",
        "North Mail",
    ]


def test_a_page_under_a_brand_says_mailroom_nowhere(client: Client, root: OU) -> None:
    brand = make_brand(root, accent="#7a1fa2", logo_mark="0123456789abcdef")
    client.force_login(make_person("owner", root))
    fresh(client)
    own = (f"/appearance/reseller/{root.guid}/", "/appearance/", "/audit/", "/people/", "/connections/")
    for path in ("/mailboxes/", "/companies/", "/accounts/security/", "/nothing/here/", "/batches/", *own):
        text = seen(client, path)
        assert "Mailroom" not in text, path
        assert "favicon.svg" not in text
        assert f'src="/appearance/{brand.pk}/{brand.logo_mark}.png"' in text
        assert f"/appearance/{brand.pk}/{colours.mark('#7a1fa2')}.css" in text
        assert "mailto:help@acme.example" in text


def test_strangers_see_the_brand_of_the_host_on_every_page_they_reach(client: Client, root: OU) -> None:
    make_brand(root, host="mail.acme.example")
    for path in (LOGIN, reverse("account_reset_password"), "/invitation/no-such-link/", "/nothing/"):
        text = seen(client, path, headers={"host": "Mail.Acme.Example:8443"})
        assert "Acme Mail</title>" in text, path
        assert "help@acme.example" in text
        assert "Acme" not in seen(client, path, headers={"host": "portal.example"})


@pytest.mark.parametrize(
    "host", ["evil.example", "mail.acme.example.evil.example", "mail.acme.example@x", "[", ""]
)
def test_a_host_that_the_portal_does_not_answer_to_gets_no_brand(client: Client, root: OU, host: str) -> None:
    make_brand(root, host="mail.acme.example")
    answer = client.get(LOGIN, headers={"host": host, "x-forwarded-host": "mail.acme.example"})
    assert answer.status_code == 400 or "Acme" not in answer.content.decode()
    assert "Acme" not in answer.content.decode()


def test_a_form_that_has_expired_says_so_under_the_brand(root: OU) -> None:
    make_brand(root, host="mail.acme.example")
    answer = Client(enforce_csrf_checks=True).post(LOGIN, headers={"host": "mail.acme.example"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "The form had expired · Acme Mail</title>" in text
    assert "help@acme.example" in text


def test_a_forwarded_host_is_not_believed(client: Client, root: OU) -> None:
    make_brand(root, host="mail.acme.example")
    assert "Acme" not in seen(client, LOGIN, headers={"x-forwarded-host": "mail.acme.example"})


def test_whoever_is_signed_in_sees_their_own_brand_on_anothers_host(client: Client, root: OU) -> None:
    make_brand(root, host="mail.acme.example")
    other = make_ou()
    make_brand(other, "Other Mail", support_email="")
    client.force_login(make_person("support", other))
    text = seen(client, headers={"host": "mail.acme.example"})
    assert "· Other Mail</title>" in text
    assert "Acme" not in text


def test_whoever_looks_as_a_customer_sees_what_the_customer_sees(client: Client, root: OU, north: OU) -> None:
    make_brand(north, "North Mail")
    company = make_ou(parent=north)
    looker, admin = make_person("support", root), make_person("company_admin", company)
    client.force_login(looker)
    assert "North Mail" not in seen(client)
    fresh(client).post(
        reverse("acting:begin", args=[company.guid]), {"person": admin.pk, "reason": "They asked."}
    )
    assert Acting.objects.exists()
    assert "· North Mail</title>" in seen(client)


def test_a_hostile_name_is_text_everywhere(client: Client, root: OU) -> None:
    make_brand(root, HOSTILE, host="mail.acme.example", logo_mark="0123456789abcdef")
    client.force_login(make_person("owner", root))
    fresh(client)
    pages = ("/mailboxes/", "/appearance/", f"/appearance/reseller/{root.guid}/", "/nothing/", "/audit/")
    texts = [seen(client, path) for path in pages]
    texts.append(seen(Client(), LOGIN, headers={"host": "mail.acme.example"}))
    for text in texts:
        assert "<script>alert" not in text
        assert "O'Neil \"" not in text
        assert "O&#x27;Neil &quot;&amp;&quot; &lt;script&gt;" in text
        assert "14" not in text.partition("</title>")[0].partition("<title>")[2]


def test_mails_carry_the_brand_of_whom_they_are_for(
    client: Client, root: OU, north: OU, settings: Any
) -> None:
    settings.MAIL_ADDRESS = "portal@portal.example"
    make_brand(root, "Root Mail", host="mail.acme.example")
    make_brand(north, "North Mail", support_email="help@north.example")
    for ou, name, host in ((root, "Root Mail", "mail.acme.example"), (north, "North Mail", "portal.example")):
        person = make_person("support", ou)
        brand = mail.brand_of(person)
        assert mail.send(
            "password_reset",
            to=person.email,
            subject="Set a new password",
            context={"name": "Ann", "url": mail.url("/x/", brand)},
            brand=brand,
        )
        sent = outbox.outbox[-1]
        assert sent.from_email == f"{name} <portal@portal.example>"
        assert f"https://{host}/x/" in sent.body
        assert "Mailroom" not in sent.body


def test_one_query_finds_it_and_the_request_keeps_it(root: OU, django_assert_num_queries: Any) -> None:
    make_brand(root)
    request = RequestFactory().get("/")
    request.user = make_person("support", root)
    from portal import access

    access.grants(request)
    with django_assert_num_queries(1):
        assert of.for_request(request) == of.for_request(request)
        assert of.known(request) is not None


def test_an_error_before_anything_was_asked_shows_no_brand_and_asks_nothing(
    client: Client, root: OU, django_assert_num_queries: Any
) -> None:
    request = RequestFactory().get("/", headers={"host": "mail.acme.example"})
    make_brand(root, host="mail.acme.example")
    from portal import views

    with django_assert_num_queries(0):
        assert "Mailroom" in views.broken(request).content.decode()
        assert "Mailroom" in views.bad_request(request, Exception()).content.decode()
