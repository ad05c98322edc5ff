"""Before what matters: who is it, once more?"""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from portal.accounts.models import Person
from provisioning.models import OU, Action
from tests.integration.accounts import steps
from tests.integration.factories import PASSWORD, fresh, make_ou

AGAIN = "/accounts/reauthenticate/"


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


@pytest.fixture
def company(reseller: OU) -> OU:
    return make_ou(parent=reseller, title="Acme Ltd")


@pytest.fixture
def path(company: OU) -> str:
    return reverse("ous:delete", args=[company.guid])


def age(client: Client, seconds: float) -> None:
    """As if their last proof lay so far back."""
    session = client.session
    rows = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**row, "at": time.time() - seconds} for row in rows]
    session.save()


def prove(client: Client, password: str = PASSWORD, **data: str) -> Any:
    return client.post(AGAIN, {"password": password, **data})


def test_a_sign_in_of_just_now_is_proof_enough(signed_in: Client, path: str) -> None:
    assert signed_in.get(path).status_code == 200


def test_later_the_password_is_asked_and_leads_back(signed_in: Client, path: str) -> None:
    age(signed_in, 16 * 60)
    asked = signed_in.get(path)
    assert asked["Location"] == f"{AGAIN}?next={path.replace('/', '%2F')}"
    page = signed_in.get(asked["Location"]).content.decode()
    assert f'value="{path}"' in page
    assert prove(signed_in, next=path)["Location"] == path
    assert signed_in.get(path).status_code == 200


def test_a_wrong_password_proves_nothing_and_is_told(signed_in: Client, owner: Person, path: str) -> None:
    age(signed_in, 16 * 60)
    answer = prove(signed_in, "not my password", next=path)
    assert "This is not your password" in answer.content.decode()
    assert signed_in.get(path).status_code == 302
    assert steps.kinds(owner)[-1] == "sign_in_failed"


def test_guessing_it_in_an_open_session_ends_after_five_tries(signed_in: Client, path: str) -> None:
    age(signed_in, 16 * 60)
    for _ in range(5):
        prove(signed_in, "not my password", next=path)
    assert "Too many tries" in prove(signed_in, next=path).content.decode()
    assert signed_in.get(path).status_code == 302


def test_a_code_of_the_app_is_proof_too(signed_in: Client, owner: Person, path: str) -> None:
    seed = steps.add_app(owner)
    age(signed_in, 16 * 60)
    page = signed_in.get(signed_in.get(path)["Location"]).content.decode()
    assert "Use a code from your app" in page
    answer = signed_in.post("/accounts/second-factor/again/", {"code": steps.code(seed), "next": path})
    assert answer["Location"] == path
    assert signed_in.get(path).status_code == 200


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_proof_leads_to_no_other_site(signed_in: Client, to: str) -> None:
    assert prove(signed_in, next=to)["Location"] == "/"


def test_a_form_opened_in_time_may_be_sent_a_while_later(signed_in: Client, company: OU, path: str) -> None:
    age(signed_in, 30 * 60)
    data = {"submission": str(uuid.uuid4()), "typed_name": company.title}
    assert signed_in.post(path, data)["Location"] == f"/activity/{Action.objects.get().pk}/"
    age(signed_in, 46 * 60)
    again = {"submission": str(uuid.uuid4()), "typed_name": company.title}
    assert signed_in.post(path, again)["Location"].startswith(AGAIN)
    assert Action.objects.count() == 1


def test_a_fragment_takes_the_whole_page_to_the_proof(signed_in: Client, path: str) -> None:
    age(signed_in, 16 * 60)
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/companies/"}
    assert signed_in.get(path, headers=headers)["HX-Redirect"] == f"{AGAIN}?next=%2Fcompanies%2F"


@pytest.mark.parametrize("way", ["teardown", "schedule"])
def test_the_end_of_a_whole_company_asks_for_it_and_of_a_mailbox_does_not(
    client: Client, owner: Person, company: OU, way: str
) -> None:
    client.force_login(owner)
    path = reverse(f"batches:{way}", args=["ou", company.guid])
    assert client.get(path)["Location"].startswith(AGAIN)
    assert client.post(path, {"typed_name": company.title})["Location"].startswith(AGAIN)
    assert fresh(client).get(path).status_code in (200, 303)


def test_a_stranger_is_not_asked_but_told_that_there_is_nothing(client: Client, company: OU) -> None:
    stranger = Person.objects.create_user("stranger@example.test", PASSWORD)
    client.force_login(stranger)
    for path in (
        reverse("ous:delete", args=[company.guid]),
        reverse("batches:teardown", args=["ou", company.guid]),
    ):
        assert client.get(path).status_code == 404


def test_a_proof_of_the_one_is_none_of_the_next_on_the_same_machine(
    signed_in: Client, reseller: OU, path: str
) -> None:
    other = Person.objects.create_user("other@example.test", PASSWORD)
    other.memberships.create(ou=reseller, role="owner")
    signed_in.post("/accounts/logout/")
    assert "account_authentication_methods" not in signed_in.session
    signed_in.force_login(other)
    assert signed_in.get(path)["Location"].startswith(AGAIN)


def test_who_has_only_the_issuer_is_sent_there(client: Client, owner: Person, path: str) -> None:
    owner.set_unusable_password()
    owner.save()
    client.force_login(owner)
    with override_settings(OIDC_ISSUER="http://127.0.0.1:9"):
        answer = client.get(AGAIN, {"next": path})
    assert answer["Location"] == f"/accounts/oidc/?next={path.replace('/', '%2F')}"
