"""Each page of the portal, opened and sent to while somebody looks as a customer: nothing is another than before."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from portal import checks
from portal.accounts.models import Person
from provisioning.models import OU, Action
from provisioning.services import mailboxes
from tests.integration.acting.conftest import begin
from tests.integration.factories import make_domain, make_mailbox, make_package

pytestmark = pytest.mark.django_db

# Entries of files taken away are written; what SYNAQ is to be asked for anew, and counts of requests, are no change
_MAY_CHANGE = {"AuditEntry", "Heartbeat", "Reading", "Tally"}
# These are the looker's own: signed out, stopped, how pages look
_OWN = ("accounts/logout/", "looks/stop/", "theme/", "columns/", "csp-report/")
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")


def everything() -> dict[str, list[Any]]:
    models = [
        *apps.get_app_config("accounts").get_models(),
        *apps.get_app_config("provisioning").get_models(),
    ]
    return {
        model.__name__: sorted(map(repr, model.objects.values()))  # type: ignore[attr-defined]
        for model in models
        if model.__name__ not in _MAY_CHANGE
    }


def addresses(guid: str, number: int) -> list[str]:
    """Every route, its arguments filled with something that the customer may see."""
    kinds = {"int": str(number), "uuid": str(uuid.uuid4()), "slug": "mailbox"}
    found = []
    for path, _ in checks.routes():
        if path.startswith(_OWN) or "(?P" in path or "static" in path:
            continue
        found.append("/" + _ARGUMENT.sub(lambda part: kinds.get(part[1], guid), path))
    return found


def test_no_page_changes_anything_whether_opened_or_sent_to(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    mailbox = make_mailbox(make_domain(acme, package=make_package(acme)))
    mailboxes.change_state(mailbox, "mailbox.suspend", by=carla, submission=uuid.uuid4())
    action = Action.objects.get()
    begin(client, acme, carla)
    before, opened = everything(), 0
    for path in addresses(mailbox.guid, action.pk):
        if client.get(path, {"export": "csv", "since": "1"}).status_code == 200:
            opened += 1
        answer = client.post(path, {"reason": "x", "typed_name": mailbox.email, "applied": "no"})
        assert answer.status_code == 409, path
    assert opened > 10
    assert everything() == before
    assert client.get(reverse("mailboxes:list")).status_code == 200
