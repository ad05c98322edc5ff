"""Forms on a mailbox that is there: its fields, its edition, the way out of a lock, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from portal.billing import effect
from portal.forms import SecretInput
from portal.mailboxes.fields import Shown, editable
from portal.mailboxes.forms import mailbox_packages
from portal.price_effects import Prices
from portal.submissions import SubmissionForm
from provisioning.models import Edition, Mailbox, Package
from provisioning.synaq.answers import read_mailbox_editions

_PRICED = "With what the change does to a month’s bill, without tax; nothing before it is provisioned."
_WIRE_NAMES = {"ssha_password": "password"}


def password_field(*, required: bool, help_text: str) -> forms.CharField:
    """A password that goes to SYNAQ, as typed, to the letter."""
    return forms.CharField(
        label="New password",
        strip=False,
        required=required,
        min_length=8,
        max_length=255,
        widget=SecretInput(generate=True),
        help_text=help_text,
        validators=[_is_typed],
        error_messages={
            "required": "Type a password, or have one generated.",
            "min_length": "Use at least 8 characters.",
            "max_length": "Use at most 255 characters.",
        },
    )


def _is_typed(password: str) -> None:
    if not password.isprintable():
        raise ValidationError("There is a character in this that no keyboard has; choose another password.")


class EditForm(SubmissionForm):
    """The mailbox's own fields. Each remembers the value that the form was opened with: only what the person changed
    is sent, and what somebody else changed meanwhile is not undone unawares."""

    wire_names = _WIRE_NAMES

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        mailbox: Mailbox,
        only_password: bool = False,
        **kwargs: Any,
    ) -> None:
        self.shown: list[Shown] = [] if only_password else editable(mailbox)
        self.posted = _with_openings(data or {}, self.shown)
        super().__init__(None if data is None else self.posted, **kwargs)
        for shown in self.shown:
            self.fields[shown.name] = shown.field()
        self.fields["password"] = password_field(
            required=only_password,
            help_text="At least 8 characters."
            + ("" if only_password else " Left empty, the password stays as it is."),
        )

    def changes(self) -> dict[str, Any]:
        """What was changed, by wire name; the password apart."""
        changed = set(self.changed_data)
        return {shown.name: self.cleaned_data[shown.name] for shown in self.shown if shown.name in changed}

    @property
    def password(self) -> str:
        """The new password; "" where it stays."""
        typed: str = self.cleaned_data.get("password", "")
        return typed

    def clean(self) -> dict[str, Any]:
        """Something was changed, and nobody else changed the same meanwhile."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        changed = self.changes()
        if not changed and not cleaned["password"]:
            raise ValidationError("Nothing was changed.")
        for shown in self.shown:
            if shown.name in changed and _as_posted(shown) != self.data.get(_opening(shown)):
                self._overtaken(shown)
        return cleaned

    def _overtaken(self, shown: Shown) -> None:
        """Say what it is now. Sent once more, it is overwritten knowingly."""
        self.add_error(
            shown.name,
            f"Changed meanwhile: it is “{shown.told}” now. Send once more to put yours in its place.",
        )
        self.posted[_opening(shown)] = _as_posted(shown)


def _with_openings(data: Mapping[str, Any], fields: Sequence[Shown]) -> QueryDict:
    """What was posted; a field that does not say what it was opened with was opened with what it is now."""
    full = QueryDict(mutable=True)
    full.update({_opening(shown): _as_posted(shown) for shown in fields})
    for name, value in data.items():
        full[name] = value
    return full


def _opening(shown: Shown) -> str:
    return f"initial-{shown.name}"


def _as_posted(shown: Shown) -> str:
    return str(shown.value)


class UnlockForm(SubmissionForm):
    """The way out of a lock: a new password, then Unlock."""

    wire_names = _WIRE_NAMES
    password = password_field(
        required=False, help_text="At least 8 characters. Without a new one it is soon locked again."
    )
    keep = forms.BooleanField(
        label="Unlock without a new password",
        required=False,
        help_text="Only where it has just been changed in another way.",
    )

    def clean(self) -> dict[str, Any]:
        """A password, or the plain word that there is to be none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" in self.errors:
            return cleaned
        if cleaned.get("keep") and cleaned.get("password"):
            self.add_error("keep", "Either a new password, or none: not both.")
        elif not cleaned.get("keep") and not cleaned.get("password"):
            self.add_error("password", "Type a new password, or have one generated.")
        return cleaned


class EditionForm(SubmissionForm):
    """Another edition of the package that the mailbox is on."""

    wire_names = {"code": "edition"}

    def __init__(self, *args: Any, mailbox: Mailbox, prices: Prices | None = None, **kwargs: Any) -> None:
        """`prices`: what the person may see of what each edition costs."""
        super().__init__(*args, **kwargs)
        self.mailbox, self.prices = mailbox, prices
        self.packages = packages_of(mailbox)
        self.present = present_editions(mailbox, self.packages)
        choices = [
            (str(package), [self._choice(package, edition) for edition in package.editions.all()])
            for package in self.packages
        ]
        self.known = any(editions for _, editions in choices)
        shown = choices if len(choices) > 1 else (choices[0][1] if choices else [])
        self.fields["edition"] = forms.ChoiceField(
            label="Edition",
            choices=[("", "Choose one"), *shown],
            help_text=_PRICED if prices else "",
            initial="",
            error_messages={
                "required": "Choose an edition.",
                "invalid_choice": "The package does not have that edition (any more). Choose another.",
            },
        )

    def _choice(self, package: Package, edition: Edition) -> tuple[str, str]:
        name = edition.code if str(edition) == edition.code else f"{edition} ({edition.code})"
        present = self.present.get(package.guid, set())
        said = "the present one" if edition.code in present else ""
        if self.prices and not said:
            said = self.prices.word(effect.changed(self.mailbox, present, edition.code))
        return f"{package.guid} {edition.code}", f"{name} – {said}" if said else name

    def clean_edition(self) -> str:
        """An edition that it is not on already."""
        chosen: str = self.cleaned_data["edition"]
        guid, _, code = chosen.partition(" ")
        if code in self.present.get(guid, ()):
            raise ValidationError("It is on this edition already. Choose another.")
        self.package = next(package for package in self.packages if package.guid == guid)
        self.code = code
        return chosen


def packages_of(mailbox: Mailbox) -> list[Package]:
    """The packages that the mailbox is on: those that SYNAQ names, else all of its domain that hold mailboxes."""
    linked = mailbox_packages(mailbox.domain)
    named = {edition.package_guid for edition in read_mailbox_editions(mailbox.raw)}
    return [package for package in linked if package.guid in named] or linked


def present_editions(mailbox: Mailbox, packages: Sequence[Package]) -> dict[str, set[str]]:
    """The codes of the mailbox's editions, by package; where SYNAQ does not name the package, on each."""
    found: dict[str, set[str]] = {package.guid: set() for package in packages}
    for edition in read_mailbox_editions(mailbox.raw):
        for guid in [edition.package_guid] if edition.package_guid in found else found:
            found[guid].add(edition.edition_code)
    if not any(found.values()) and mailbox.edition_code:
        return {guid: {mailbox.edition_code} for guid in found}
    return found


def typed_in(mailbox: Mailbox, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The whole form as an action was asked with it, by field; the password is not kept."""
    now = {shown.name: _as_posted(shown) for shown in editable(mailbox)}
    changes = payload.get("changes") or {}
    return now | {name: _typed(value) for name, value in changes.items() if name in now}


def _typed(value: Any) -> str:
    return str(value) if isinstance(value, str | bool) else ""
