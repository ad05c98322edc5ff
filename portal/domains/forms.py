from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from portal import access
from portal.domains import names, service_fields
from portal.domains.service_fields import Entry
from portal.forms import Card, CardRadioSelect, SecretInput
from portal.submissions import SubmissionForm
from portal.typed import LineField, without_invisible
from provisioning.models import OU, Action, Domain, Package
from provisioning.services.domains import may_provision_at_once

ALONE, UNDER, AT_ONCE = "alone", "under", "at-once"


class NewDomainForm(SubmissionForm):
    """A domain for a company: by itself, under a package, or under one and provisioned at once."""

    wire_names = {"name": "domain_name", "provision_immediately": "way"}

    domain_name = LineField(
        label="Domain",
        max_length=1000,
        help_text="Without www, such as example.co.za. Letters beyond a to z are sent in their xn-- form.",
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={"required": "Type the domain, such as example.co.za."},
    )
    way = forms.ChoiceField(
        label="How",
        widget=CardRadioSelect,
        initial=ALONE,
        error_messages={
            "required": "Choose one of these.",
            "invalid_choice": "That is not possible any more; choose one of these.",
        },
    )

    def __init__(
        self, *args: Any, request: HttpRequest, company: OU, packages: Iterable[Package], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.company = request, company
        self.packages = {package.guid: package for package in packages}
        field = self.fields["way"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(value, card) for value, card in self._ways()]

    def _ways(self) -> Iterable[tuple[str, Any]]:
        yield (
            ALONE,
            Card("By itself", "Recorded under the company. A package is linked to it later.", icon="world"),
        )
        for guid, package in self.packages.items():
            code = _told_apart(package, self.packages.values())
            words = "Recorded and linked. Service fields and provisioning come next."
            yield f"{UNDER}:{guid}", Card(f"Under {package}", words, code, icon="package")
            if may_provision_at_once(package):
                words = "Recorded, linked and set up in one go: this package needs no service fields. Billed from then on."
                yield (
                    f"{AT_ONCE}:{guid}",
                    Card(f"Under {package}, provisioned at once", words, code, icon="rocket"),
                )

    def clean_domain_name(self) -> str:
        """The ASCII form, of a domain that is not there yet."""
        name = names.to_ascii(self.cleaned_data["domain_name"])
        self._refuse_known(name)
        return name

    def _refuse_known(self, name: str) -> None:
        known = Domain.objects.filter(connection=self.company.connection_id, name=name, gone_at=None)
        if not known.exists():
            return
        seen = access.domains(self.request).filter(pk__in=known).first()
        if seen is None:
            raise ValidationError("This domain exists at SYNAQ already. Ask your reseller who has it.")
        url = reverse("domains:detail", args=[seen.guid])
        raise ValidationError(
            format_html('This domain exists already: <a href="{}">open {}</a>.', url, seen.name)
        )

    @property
    def package(self) -> Package | None:
        """The package that was chosen, if any."""
        return self.packages.get(self.cleaned_data["way"].partition(":")[2])

    @property
    def at_once(self) -> bool:
        """Whether it is to be provisioned as well."""
        return bool(self.cleaned_data["way"].startswith(AT_ONCE))


def typed_in(action: Action) -> dict[str, Any]:
    """What was typed into the form that asked for `action`, by field."""
    way = ALONE
    if action.kind == "package":
        way = f"{AT_ONCE if action.payload.get('provision_immediately') else UNDER}:{action.guid}"
    return {"domain_name": action.payload.get("domain_name", ""), "way": way}


class LinkForm(SubmissionForm):
    """One more package for a domain."""

    package = forms.ChoiceField(
        label="Package",
        widget=CardRadioSelect,
        error_messages={
            "required": "Choose the package.",
            "invalid_choice": "That package cannot be linked any more; choose one of these.",
        },
    )

    def __init__(self, *args: Any, packages: Iterable[Package], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.packages = {package.guid: package for package in packages}
        field = self.fields["package"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(guid, self._card(package)) for guid, package in self.packages.items()]

    def _card(self, package: Package) -> Any:
        editions = ", ".join(str(edition) for edition in package.editions.all())
        return Card(str(package), editions, _told_apart(package, self.packages.values()), icon="package")

    @property
    def chosen(self) -> Package:
        """The package that was chosen."""
        return self.packages[self.cleaned_data["package"]]


def _told_apart(package: Package, among: Iterable[Package]) -> str:
    """The package's code; of several that are called alike, its GUID too."""
    alike = sum(str(other) == str(package) for other in among) > 1
    code = package.code if package.code != str(package) else ""
    return " · ".join(filter(None, (code, package.guid if alike else "")))


class LinesField(forms.CharField):
    """Several values, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> str:
        """The lines that hold something, clean."""
        lines = (without_invisible(line) for line in (super().to_python(value) or "").splitlines())
        return "\n".join(line for line in lines if line)


class ServiceFieldsForm(SubmissionForm):
    """The service fields that a domain's packages ask for. Only what was changed is sent."""

    def __init__(self, *args: Any, fields: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = service_fields.entries(fields)
        self.entries = [entry for entry in found if entry.shape != "raw"]
        self.raw_entries = [entry for entry in found if entry.shape == "raw"]
        for entry in self.entries:
            self.fields[entry.input] = _field(entry)

    def field_of(self, wire_name: str) -> str | None:
        """The input that drives the field of this wire name."""
        last = wire_name.rpartition(".")[2]
        return next((one.input for one in self.entries if {wire_name, last} & set(one.names)), None)

    def changes(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What was typed anew, by wire name: in the clear, and secret."""
        clear: dict[str, Any] = {}
        secret: dict[str, str] = {}
        for entry in self.entries:
            if entry.input in self.changed_data:
                value = _wire_value(entry, self.cleaned_data[entry.input])
                (secret if entry.secret else clear).update(dict.fromkeys(entry.names, value))
        return clear, secret

    @classmethod
    def typed_in(cls, fields: Any, sent: Mapping[str, Any]) -> dict[str, Any]:
        """The present values with what was sent over them, as a browser would post it."""
        data: dict[str, Any] = {}
        for entry in service_fields.entries(fields):
            if entry.shape == "raw" or entry.secret:
                continue
            data[f"initial-{entry.input}"] = _typed(entry, entry.value)
            value = next((sent[name] for name in entry.names if name in sent), entry.value)
            data[entry.input] = _typed(entry, value)
        return data


def _field(entry: Entry) -> forms.Field:
    common: dict[str, Any] = {"label": entry.label, "help_text": entry.help, "required": False}
    if entry.secret:
        kept = f"One is set. Leave this empty to keep it. {entry.help}" if entry.filled else entry.help
        return forms.CharField(
            **common | {"help_text": kept}, strip=False, max_length=255, widget=SecretInput()
        )
    common |= {"initial": _typed(entry, entry.value), "show_hidden_initial": True}
    if entry.shape == "flag":
        return forms.BooleanField(**common)
    if entry.shape == "number":
        return forms.DecimalField(**common, error_messages={"invalid": "Type a number."})
    if entry.shape == "lines":
        return LinesField(**common | {"help_text": f"One a line. {entry.help}"})
    attrs = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
    if entry.name == "auth_method":
        attrs["list"] = "auth-methods"
    validators = [_refuse_no_host] if entry.name.startswith("mail_delivery_") else []
    return LineField(**common, widget=forms.TextInput(attrs), validators=validators)


def _refuse_no_host(value: str) -> None:
    if any(sign in value for sign in (" ", "/", "@", ",")):
        raise ValidationError("Type only the name or address of the server, such as mail.example.co.za.")


def _typed(entry: Entry, value: Any) -> Any:
    """A value as its input holds it."""
    if entry.shape == "lines":
        return "\n".join(map(str, value)) if isinstance(value, list) else value or ""
    return value if entry.shape in ("flag", "number") else "" if value is None else str(value)


def _wire_value(entry: Entry, value: Any) -> Any:
    """What was typed, as what SYNAQ had there."""
    if entry.shape == "number":
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    return [line for line in value.split("\n") if line] if entry.shape == "lines" else value
