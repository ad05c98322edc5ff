from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.billing import effect
from portal.forms import SecretInput
from portal.price_effects import Prices
from portal.submissions import SubmissionForm
from portal.typed import LineField
from provisioning.models import Action, Domain, Mailbox, Package
from provisioning.operations.rules import sold_on
from provisioning.synaq import catalogue

LONGEST_LOCAL, LONGEST_ADDRESS = 64, 254
# Not part of a mail address without quotes, or of none at all. What else SYNAQ may refuse, it says itself.
_NEVER = re.compile(r'[()<>\[\]:;,\\"]')
_PLAIN = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
Priced = Callable[[str], str]  # an edition's code → what one more of it costs, in a few words
DETAILS = ("email_local", "first_name", "last_name", "display_name", "package_edition_code")


def _name(label: str, missing: str = "", **options: Any) -> LineField:
    return LineField(
        label=label,
        required=bool(missing),
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": missing},
        **options,
    )


class NewMailboxForm(SubmissionForm):
    """A mailbox on a domain."""

    wire_names = {"ssha_password": "password", "provision_immediately": "at_once", "email": "email_local"}

    email_local = LineField(
        label="Address",
        max_length=300,
        widget=forms.TextInput({"autofocus": True, **_PLAIN}),
        error_messages={"required": "Type the part before the @."},
    )
    first_name = _name("First name")
    last_name = _name(
        "Last name", "Type the last name; for a shared mailbox what it is for, such as Accounts."
    )
    display_name = _name("Display name", help_text="What recipients see. Left empty, SYNAQ decides.")
    package_edition_code = LineField(
        label="Edition",
        max_length=100,
        required=False,
        help_text="SYNAQ’s code of the edition. Left empty, the package’s default is taken.",
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        min_length=8,
        max_length=255,
        widget=SecretInput(generate=True),
        help_text="At least 8 characters. It is passed on to SYNAQ, never shown again and not kept here.",
        error_messages={
            "required": "Type a password, or have one generated.",
            "min_length": "Use at least 8 characters.",
            "max_length": "Use at most 255 characters.",
        },
    )
    at_once = forms.BooleanField(
        label="Provision it at once",
        required=False,
        initial=True,
        help_text="It can be used within a minute, as a rule, and is billed from then on. Otherwise it is only recorded.",
    )

    def __init__(
        self, *args: Any, domain: Domain, chooses: bool = True, prices: Prices | None = None, **kwargs: Any
    ) -> None:
        """`chooses`: whether the person may choose an edition; else the package's default is taken. `prices`: what they
        may see of what each costs."""
        super().__init__(*args, **kwargs)
        self.domain, self.chooses = domain, chooses
        self.effect = prices.told(effect.made(domain, "")) if prices and not chooses else None
        if not chooses:
            self.fields["package_edition_code"].widget = forms.HiddenInput()
        self.fields["email_local"].suffix = f"@{domain.name}"  # type: ignore[attr-defined]
        priced = (lambda code: prices.word(effect.made(domain, code))) if prices else None
        choices = edition_choices(mailbox_packages(domain), priced)
        if choices and chooses:
            self.fields["package_edition_code"] = forms.ChoiceField(
                label="Edition", required=False, choices=choices, help_text=_edition_help(priced)
            )

    def clean_email_local(self) -> str:
        """The part before the @, of an address that is not there yet."""
        local: str = self.cleaned_data["email_local"]
        own = f"@{self.domain.name}"
        local = local[: -len(own)] if local.lower().endswith(own.lower()) else local
        fault = fault_of_local(local, self.domain.name)
        if fault:
            raise ValidationError(fault)
        known = Mailbox.objects.filter(domain=self.domain, email__iexact=local + own, gone_at=None)
        if known.exists():
            raise ValidationError(f"{local}{own} exists already.")
        return local

    def clean_package_edition_code(self) -> str:
        """None where the person does not choose it, whatever is posted."""
        code: str = self.cleaned_data["package_edition_code"]
        if code and not self.chooses:
            raise ValidationError("You do not choose editions here: the default is taken.")
        return code

    def clean_password(self) -> str:
        """As typed, to the letter."""
        password: str = self.cleaned_data["password"]
        if not password.isprintable():
            raise ValidationError(
                "There is a character in this that no keyboard has; choose another password."
            )
        return password

    def details(self) -> dict[str, str]:
        """What the service wants to know, secrets apart."""
        return {name: self.cleaned_data[name] for name in DETAILS}


def fault_of_local(local: str, domain: str) -> str:
    """Why no address can begin so, in a sentence that names the way out; else ""."""
    if "@" in local:
        return f"Type only the part before the @: this mailbox is on {domain}."
    if not local:
        return "Type the part before the @."
    if " " in local:
        return "An address has no blanks. Use a dot or a hyphen instead, such as ann.smith."
    if _NEVER.search(local):
        return (
            f"{_NEVER.search(local)[0]} cannot stand in an address. Letters, digits, dots, hyphens and + can."  # type: ignore[index]
        )
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "A dot stands between two other characters, such as ann.smith."
    if len(local.encode()) > LONGEST_LOCAL or len(f"{local}@{domain}") > LONGEST_ADDRESS:
        return f"At most {LONGEST_LOCAL} characters before the @."
    return ""


def mailbox_packages(domain: Domain) -> list[Package]:
    """The domain's packages that hold mailboxes; of a product that the documents do not name this is not known."""
    sold = sold_on(domain).prefetch_related("editions").order_by("code", "id")
    kinds = ("cloudmail", "continuity", None)
    return [package for package in sold if catalogue.family_of(package.code, package.name) in kinds]


def _edition_help(priced: Priced | None) -> str:
    said = " With what one more adds to a month, without tax, from when it is provisioned." if priced else ""
    return f"The class of service.{said}"


def edition_choices(packages: Sequence[Package], priced: Priced | None = None) -> list[Any]:
    """SYNAQ's default first, then each edition, grouped where there are several packages; [] where none is known."""
    groups = [
        (str(package), [_choice(edition, priced) for edition in package.editions.all()])
        for package in packages
    ]
    groups = [group for group in groups if group[1]]
    if not groups:
        return []
    shown = groups if len(groups) > 1 else groups[0][1]
    usual = [edition for package in packages for edition in package.editions.all() if edition.is_default]
    named = f": {usual[0]}{_price(usual[0], priced)}" if len(usual) == 1 else ""
    return [("", f"SYNAQ’s default{named}"), *shown]


def _choice(edition: Any, priced: Priced | None) -> tuple[str, str]:
    name = edition.code if str(edition) == edition.code else f"{edition} ({edition.code})"
    return edition.code, f"{name}{_price(edition, priced)}"


def _price(edition: Any, priced: Priced | None) -> str:
    return f" – {priced(edition.code)}" if priced else ""


def typed_in(action: Action) -> dict[str, Any]:
    """What was typed into the form that asked for `action`, by field; the password is not kept."""
    kept = {name: action.payload.get(name, "") for name in DETAILS}
    return {**kept, "at_once": bool(action.payload.get("provision_immediately"))}
