"""Who walks through the portal: the ready roles and whoever holds none, one or two of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.accounts.models import CustomRole, Membership, Person
from portal.acting import looking
from tests.access.world import GONE, PLACES, World, mark
from tests.integration.factories import PASSWORD, fresh

# Letters of the roles, as the declarations of `declared*.py` name them
OWNER, SUPPORT, NO_BILL, AUDITOR, FINANCE, ADMIN, HELPDESK, MADE = "OSNAFCHM"
ROLES = {
    OWNER: "owner",
    SUPPORT: "support",
    NO_BILL: "support_nobill",
    AUDITOR: "auditor",
    FINANCE: "finance",
    ADMIN: "company_admin",
    HELPDESK: "company_helpdesk",
}
# What lies at or below each place, `gone` being things of the company
BELOW = {
    "root": {"root", "sub", "company", "sibling", GONE},
    "sub": {"sub", "company", "sibling", GONE},
    "company": {"company", GONE},
    "sibling": {"sibling"},
    "other": {"other"},
}
# What the role that an owner has made holds: it looks after domains and knows who the people are
MADE_PERMISSIONS = ["domains.see", "domains.change", "people.see"]


@dataclass(frozen=True)
class Viewer:
    """`holds`: letters of roles, each with the place where it holds. `signed_in` without any: nobody's member."""

    name: str
    holds: tuple[tuple[str, str], ...] = ()
    signed_in: bool = True
    looks: bool = False  # as the company's admin, from support

    def letters(self, place: str) -> set[str]:
        """The roles that they hold there."""
        return {letter for letter, held in self.holds if place in BELOW[held]}

    def anywhere(self) -> set[str]:
        return {letter for letter, _ in self.holds}

    def stands_apart(self) -> list[str]:
        """Places that differ for them: with the whole of `sub` in sight, one company is as good as the other."""
        alike = self.letters("sibling") == self.letters("company")
        return [place for place in (*PLACES, GONE) if not (alike and place == "sibling")]

    def scope(self) -> set[str]:
        return {place for place in (*PLACES, GONE) if self.letters(place)}


VIEWERS = (
    Viewer("stranger", signed_in=False),
    Viewer("without membership"),
    Viewer("left", signed_in=False),
    Viewer("owner of the root", ((OWNER, "root"),)),
    Viewer("owner", ((OWNER, "sub"),)),
    Viewer("support", ((SUPPORT, "sub"),)),
    Viewer("support without billable changes", ((NO_BILL, "sub"),)),
    Viewer("auditor", ((AUDITOR, "sub"),)),
    Viewer("finance", ((FINANCE, "sub"),)),
    Viewer("company admin", ((ADMIN, "company"),)),
    Viewer("company helpdesk", ((HELPDESK, "company"),)),
    Viewer("made role", ((MADE, "sub"),)),
    Viewer("two memberships", ((HELPDESK, "company"), (AUDITOR, "sibling"))),
    Viewer("looking as a customer", ((ADMIN, "company"),), looks=True),
)
NAMES = [viewer.name for viewer in VIEWERS]
# All of them walk for minutes, so that `make test` walks as few and `make access` as everybody. These differ most: one sees
# nothing, one all pages, one a company's alone. Where each request is dear, whoever sees least is the one who finds leaks
FEW = ("stranger", "owner", "company admin")
LEAST = ("company admin",)


def each(names: Iterable[str], few: Iterable[str] = FEW) -> list[Any]:
    """For parametrize: those who are not among the few are marked."""
    return [name if name in few else pytest.param(name, marks=pytest.mark.thorough) for name in names]


def named(name: str) -> Viewer:
    return next(viewer for viewer in VIEWERS if viewer.name == name)


def sign_in(world: World, viewer: Viewer) -> Client:
    """A browser in which the viewer has just proved who they are."""
    client = Client()
    if viewer.name == "stranger":
        return client
    person = _person(viewer.name)
    for letter, place in viewer.holds:
        Membership.objects.create(person=person, ou=world.at(place).ou, role=_role(world, letter))
    client.force_login(person)
    fresh(client)
    if viewer.name == "left":
        _leave(person)
    if viewer.looks:
        _look(world, client, person)
    return client


def _person(name: str) -> Person:
    return Person.objects.create_user(f"{name.replace(' ', '-')}@viewer.test", PASSWORD, name=name.title())


def _role(world: World, letter: str) -> str:
    if letter != MADE:
        return ROLES[letter]
    made, _ = CustomRole.objects.get_or_create(
        ou=world.at("sub").ou, label=mark("sub", "role") + " two", defaults={"permissions": MADE_PERMISSIONS}
    )
    return made.name


def _leave(person: Person) -> None:
    """Their session is still there: it must be worth nothing."""
    Person.objects.filter(pk=person.pk).update(is_active=False, left_at=timezone.now())


def _look(world: World, client: Client, admin: Person) -> None:
    """Support sits at the browser, and looks as the company's admin."""
    support: Any = _person(f"support who looks as {admin.pk}")
    Membership.objects.create(person=support, ou=world.at("sub").ou, role=ROLES[SUPPORT])
    client.force_login(support)
    fresh(client)
    row = looking.begin(by=support, person=admin, ou=world.at("company").ou, reason="Ticket 1")
    session = client.session
    session[looking.KEY] = row.pk
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
