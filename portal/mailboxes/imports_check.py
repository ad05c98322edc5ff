"""Whether each row of a file can become a mailbox: by itself, against the others, and against what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.http import HttpRequest

from portal import access
from portal.mailboxes.change_forms import password_field
from portal.mailboxes.forms import fault_of_local, mailbox_packages
from portal.mailboxes.imports_file import Row
from portal.typed import LineField
from provisioning.models import Action, Domain, Mailbox
from provisioning.operations import OPERATIONS

CREATE, EDITION = OPERATIONS["mailbox.create"], OPERATIONS["mailbox.change_edition"]
_YES = frozenset({"", "yes", "y", "true", "1", "x", "ja"})
_NO = frozenset({"no", "n", "false", "0", "nee"})

_FIELDS: dict[str, forms.Field] = {
    "first_name": LineField(max_length=200, required=False),
    "last_name": LineField(
        max_length=200,
        error_messages={
            "required": "Type the last name; for a shared mailbox what it is for, such as Accounts."
        },
    ),
    "password": password_field(required=False, help_text=""),
}


@dataclass
class Checked:
    """A row with what was found: `errors` are sentences by column, "" for the whole row."""

    row: Row
    errors: dict[str, str] = field(default_factory=dict)
    clean: dict[str, str] = field(default_factory=dict)
    local: str = ""
    domain: Domain | None = None
    activate: bool = True

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain.name}" if self.domain else ""

    @property
    def details(self) -> dict[str, str]:
        """As the service for a new mailbox takes them."""
        names = ("first_name", "last_name", "package_edition_code")
        return {"email_local": self.local, **{name: self.clean[name] for name in names}}


class Place:
    """One domain as far as new mailboxes are concerned, asked once for all its rows."""

    def __init__(self, request: HttpRequest, domain: Domain) -> None:
        self.domain = domain
        self.why_not = CREATE.why_not(domain, domain.connection.dialect)
        self.may_choose = access.may(request, EDITION, domain.ou)
        editions = [edition for package in mailbox_packages(domain) for edition in package.editions.all()]
        self.codes = [edition.code for edition in editions]
        self.editions = {edition.name.casefold(): edition.code for edition in editions}
        self.editions |= {edition.code.casefold(): edition.code for edition in editions}

    def edition(self, typed: str) -> str:
        """The code of the edition. Raises ValidationError."""
        if not typed:
            return ""
        if not self.may_choose:
            raise ValidationError("You do not choose editions here: leave it empty.")
        if not self.editions:  # nothing is known of them: SYNAQ decides
            code: str = LineField(max_length=100).clean(typed)
            return code
        if typed.casefold() not in self.editions:
            offered = ", ".join(dict.fromkeys(self.codes))
            raise ValidationError(f"No such edition on {self.domain.name}. Use one of these: {offered}.")
        return self.editions[typed.casefold()]


def check(request: HttpRequest, rows: list[Row]) -> list[Checked]:
    """Each row, checked. What is asked of the database grows with the number of domains, not of rows."""
    found = [Checked(row, {"": row.fault} if row.fault else {}) for row in rows]
    places = _places(request, {_split(row.cells["email"])[1] for row in rows})
    for one in found:
        _check_address(one, places)
        _check_columns(one, places)
    _check_twice(found)
    _check_known(found)
    return found


def _split(address: str) -> tuple[str, str]:
    """The part before the @, and the domain as the mirror has it."""
    local, _, domain = address.strip().rpartition("@")
    domain = domain.strip().rstrip(".").lower()
    try:
        return local, domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return local, domain


def _places(request: HttpRequest, names: set[str]) -> dict[str, Place]:
    """Domains on which the person may make mailboxes, by name."""
    rows = access.mailbox_domains(request).filter(name__in=names, gone_at=None)
    rows = rows.select_related("ou", "connection").prefetch_related("packages__editions")
    return {
        row.name.lower(): Place(request, row)
        for row in rows.order_by("-id")
        if access.may(request, CREATE, row.ou)
    }


def _check_address(one: Checked, places: dict[str, Place]) -> None:
    address = one.row.cells["email"]
    one.local, name = _split(address)
    place = places.get(name)
    one.domain = place.domain if place else None
    if not address:
        one.errors["email"] = "Type the whole address, such as ann.smith@example.com."
    elif not one.local or not name:
        one.errors["email"] = "This is no whole address: it needs a part before the @ and a domain after it."
    elif place is None:
        one.errors["email"] = f"There is no domain {name} here on which you can make mailboxes."
    elif fault := _fault_of_local(one.local, name) or place.why_not:
        one.errors["email"] = fault


def _fault_of_local(local: str, domain: str) -> str:
    try:
        LineField(max_length=300).clean(local)
    except ValidationError as error:
        return str(error.messages[0])
    return fault_of_local(local, domain)


def _check_columns(one: Checked, places: dict[str, Place]) -> None:
    cells = one.row.cells
    for name, known in _FIELDS.items():
        one.clean[name] = _tried(one, name, known.clean, cells[name])
    place = places.get(_split(cells["email"])[1])
    one.clean["package_edition_code"] = (
        _tried(one, "edition", place.edition, cells["edition"]) if place else ""
    )
    said = cells["activate"].strip().casefold()
    one.activate = said in _YES
    if said not in _YES | _NO:
        one.errors["activate"] = "Write yes or no; left empty, it is yes."


def _tried(one: Checked, name: str, clean: Callable[[str], Any], typed: str) -> str:
    try:
        return str(clean(typed))
    except ValidationError as error:
        one.errors[name] = " ".join(error.messages)
        return ""


def is_sound_password(typed: str) -> bool:
    """Whether SYNAQ may be sent it; also an empty one is, for then one is made."""
    try:
        _FIELDS["password"].clean(typed)
    except ValidationError:
        return False
    return True


def _check_twice(found: list[Checked]) -> None:
    """The second of two rows with one address is wrong."""
    seen: dict[str, int] = {}
    for one in found:
        if not one.domain or not one.local:
            continue
        before = seen.setdefault(one.address.casefold(), one.row.number)
        if before != one.row.number:
            one.errors.setdefault("email", f"The same address stands in row {before}.")


def _check_known(found: list[Checked]) -> None:
    """What exists, or is being made, cannot be made. Two queries."""
    sound = {one.address.casefold(): one for one in found if one.domain and "email" not in one.errors}
    domains = {one.domain for one in sound.values() if one.domain}
    lower = Mailbox.objects.annotate(lower=Lower("email"))
    there = lower.filter(domain__in=domains, gone_at=None, lower__in=list(sound))
    for address in there.values_list("lower", flat=True):
        sound[address].errors["email"] = "It exists already."
    keys = {_line(one): one for one in sound.values()}
    making = Action.objects.filter(lock_key__in=[key for _, key in keys], state__in=Action.OPEN)
    for connection, key in making.values_list("connection_id", "lock_key"):
        if (connection, key) in keys:
            keys[connection, key].errors.setdefault("email", "It is being made already.")


def _line(one: Checked) -> tuple[int, str]:
    """Where its creation stands in line: the connection, and what it would have in flight there."""
    assert one.domain is not None
    return one.domain.connection_id, f"new mailbox:{one.domain.guid}:{one.address.casefold()}"
