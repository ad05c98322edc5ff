from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from portal.ous import countries
from portal.submissions import SubmissionForm
from portal.typed import LineField
from provisioning.models import OU, Action
from provisioning.synaq.wire import VAT_NUMBER

ADDRESS = ("line_1", "line_2", "line_3", "city", "postal_code", "country")


def _line(label: str, missing: str = "", longest: int = 255, **options: Any) -> LineField:
    attrs = {"autocomplete": "off", **options.pop("attrs", {})}
    return LineField(
        label=label,
        required=bool(missing),
        max_length=longest,
        widget=forms.TextInput(attrs),
        error_messages={"required": missing},
        **options,
    )


class DetailsForm(SubmissionForm):
    """What SYNAQ keeps of an OU."""

    wire_names: ClassVar[dict[str, str]] = {VAT_NUMBER: "vat_number", "physical_address": "line_1"}

    title = _line("Company name", "Type the company's name.", attrs={"autofocus": True})
    client_ref = _line("Client reference", help_text="Your own number or code for this customer.")
    phone_number = _line("Phone number", longest=50, attrs={"inputmode": "tel"})
    vat_number = _line("VAT number", longest=50)
    line_1 = _line("Address line 1", "Type the street and number.")
    line_2 = _line("Address line 2")
    line_3 = _line("Address line 3")
    city = _line("City", "Type the city or town.")
    postal_code = _line("Postal code", "Type the postal code.", longest=20)
    country = forms.ChoiceField(
        label="Country",
        choices=countries.CHOICES,
        initial=countries.HOME,
        error_messages={
            "required": "Choose the country.",
            "invalid_choice": "Choose one of the countries in the list.",
        },
    )

    def call_it(self, noun: str) -> None:
        """Word the form for a company, or for a sub-reseller."""
        self.fields["title"].label = f"{noun.capitalize()} name"
        self.fields["title"].error_messages["required"] = f"Type the {noun}'s name."

    def details(self) -> dict[str, Any]:
        """The contract's `ou` object."""
        said = self.cleaned_data
        return {
            "title": said["title"],
            "client_ref": said["client_ref"],
            "phone_number": said["phone_number"],
            VAT_NUMBER: said["vat_number"],
            "physical_address": {name: said[name] for name in ADDRESS},
        }


class CompanyForm(DetailsForm):
    """A new company or sub-reseller. `parents`: the resellers under which the person may make one."""

    field_order = ("parent",)

    parent = forms.ChoiceField(
        label="Under",
        error_messages={
            "required": "Choose the reseller that it belongs to.",
            "invalid_choice": "Choose one of the resellers in the list.",
        },
    )

    def __init__(self, *args: Any, parents: Iterable[OU], noun: str = "company", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call_it(noun)
        self.parents = {ou.guid: ou for ou in parents}
        field = self.fields["parent"]
        assert isinstance(field, forms.ChoiceField)
        only = len(self.parents) == 1
        field.choices = [] if only else [("", "Choose a reseller")]
        field.choices += [(ou.guid, ou.title) for ou in self.parents.values()]
        if only:
            field.widget = forms.HiddenInput()
            self.initial["parent"] = next(iter(self.parents))

    @property
    def only_parent(self) -> OU | None:
        """The one reseller that there is to choose."""
        return next(iter(self.parents.values())) if len(self.parents) == 1 else None

    def chosen_parent(self) -> OU:
        """The reseller that was chosen."""
        return self.parents[self.cleaned_data["parent"]]


class EditForm(DetailsForm):
    """Changes of an OU. The page carries what it was drawn with, so that only what this person changed is sent, and
    what somebody else changed meanwhile stays."""

    def __init__(self, *args: Any, ou: OU, **kwargs: Any) -> None:
        super().__init__(*args, initial=as_known(ou), **kwargs)
        self.call_it(ou.get_type_display())
        self.had_address = any(self.initial[name] for name in ADDRESS)
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "submission"
            field.required = field.required and name not in ADDRESS
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        known = self.initial["country"]
        odd = [(known, known)] if known and known not in countries.NAMES else []
        country.choices = [("", "–"), *odd, *countries.CHOICES]

    @classmethod
    def mending(cls, action: Action, ou: OU) -> EditForm:
        """The form as it was sent in `action`, which SYNAQ refused."""
        known = as_known(ou)
        payload = {"title": ou.title, **action.payload.get("changes", {})}
        typed = {name: value for name, value in typed_in("", payload).items() if name in known and value}
        hidden = {f"initial-{name}": value for name, value in known.items()}
        return cls.after_refusal(action, {**known, **typed, **hidden}, ou=ou)

    def clean(self) -> dict[str, Any]:
        """An address is whole, or there is none; and something has to be another than it was."""
        cleaned = super().clean() or self.cleaned_data
        if self.had_address or any(cleaned.get(name) for name in ADDRESS):
            for name, sentence in _WHOLE_ADDRESS.items():
                if name in cleaned and not cleaned[name]:
                    self.add_error(name, sentence)
        if not self.errors and not self.changed:
            self.add_error(None, "Nothing was changed.")
        return cleaned

    @property
    def changed(self) -> set[str]:
        """The fields whose value is another than the page was drawn with."""
        return set(self.changed_data) - {"submission"}

    def changes(self) -> dict[str, Any]:
        """The part of the contract's `ou` object that changes. An address is sent as a whole: whether SYNAQ would take
        a part of one for all of it is documented nowhere."""
        changed, said = self.changed, self.details()
        fields = {name: said[_WIRE.get(name, name)] for name in changed if name not in ADDRESS}
        found = {_WIRE.get(name, name): value for name, value in fields.items()}
        if changed & set(ADDRESS):
            address = said["physical_address"].items()
            found["physical_address"] = {name: value for name, value in address if value or name in changed}
        return found


_WIRE = {"vat_number": VAT_NUMBER}
_WHOLE_ADDRESS = {
    "line_1": "Type the street and number.",
    "city": "Type the city or town.",
    "postal_code": "Type the postal code.",
    "country": "Choose the country.",
}


def as_known(ou: OU) -> dict[str, str]:
    """What SYNAQ said of the OU last, by field."""
    raw = ou.raw if isinstance(ou.raw, Mapping) else {}
    typed = typed_in("", {**raw, "title": raw.get("title") or ou.title})
    return {
        name: value if isinstance(value, str) else "" for name, value in typed.items() if name != "parent"
    }


def typed_in(parent_guid: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into the form that asked for `payload`, by field."""
    address = payload.get("physical_address")
    address = address if isinstance(address, Mapping) else {}
    return {
        "parent": parent_guid,
        "vat_number": payload.get(VAT_NUMBER, ""),
        **{name: payload.get(name, "") for name in ("title", "client_ref", "phone_number")},
        **{name: address.get(name, "") for name in ADDRESS},
    }
