from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from portal.ous import countries
from portal.submissions import SubmissionForm
from portal.typed import LineField
from provisioning.models import OU
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


class CompanyForm(SubmissionForm):
    """A new company. `parents`: the resellers under which the person may make one."""

    wire_names: ClassVar[dict[str, str]] = {VAT_NUMBER: "vat_number", "physical_address": "line_1"}

    parent = forms.ChoiceField(
        label="Under",
        error_messages={
            "required": "Choose the reseller that the company belongs to.",
            "invalid_choice": "Choose one of the resellers in the list.",
        },
    )
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

    def __init__(self, *args: Any, parents: Iterable[OU], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
