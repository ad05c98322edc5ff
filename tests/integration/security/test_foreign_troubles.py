"""What one reseller's connection suffers from is no business of another's people, nor in all its words of a customer's."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from provisioning.models import Connection
from tests.integration.factories import make_ou, make_person

pytestmark = pytest.mark.django_db
WORDS = "API user demo-7 is locked"


def page_of(role: str, ou: object) -> str:
    client = Client()
    client.force_login(make_person(role, ou))  # type: ignore[arg-type]
    return client.get("/activity/").content.decode()


@pytest.mark.parametrize(
    ("role", "theirs", "told", "words"),
    [
        ("support", True, True, True),
        ("company_admin", True, True, False),
        ("support", False, False, False),
        ("company_admin", False, False, False),
    ],
)
def test_a_broken_connection_is_told_to_those_whom_it_concerns(
    role: str, theirs: bool, told: bool, words: bool
) -> None:
    root, foreign = make_ou(), make_ou()
    Connection.objects.filter(pk=root.connection_id).update(broken_since=timezone.now(), trouble=WORDS)
    page = page_of(role, make_ou(parent=root if theirs else foreign))
    assert ("does not answer as it should" in page) == told
    assert (WORDS in page) == words
