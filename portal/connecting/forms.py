from __future__ import annotations

from typing import Any

from django import forms

from portal.connecting import addresses
from portal.forms import SecretInput
from provisioning.models import Connection

MOST = 500


class ConnectionForm(forms.Form):
    """One API account. The key is never shown again, not even in a form that comes back: it is typed again."""

    name = forms.CharField(max_length=100, help_text="What it is called here.")
    base_url = forms.CharField(label="Address", max_length=300, help_text="As https://host, without /api/v1.")
    api_user = forms.CharField(label="API user", max_length=200, help_text="Upper and lower case matter.")
    key = forms.CharField(label="API key", max_length=500, widget=SecretInput, strip=False)
    reseller_guid = forms.CharField(
        label="Reseller's GUID", max_length=100, help_text="The reseller that the API user belongs to."
    )
    dialect = forms.ChoiceField(label="Generation of the API", choices=Connection.Dialect.choices)
    stage = forms.ChoiceField(
        choices=Connection.Stage.choices, help_text="Staging is marked on every page of what is on it."
    )
    rate = forms.IntegerField(
        label="Most calls per second",
        min_value=1,
        max_value=MOST,
        initial=50,
        error_messages={
            "min_value": "At least one call per second: with less nothing would ever be sent.",
            "max_value": f"At most {MOST}: SYNAQ would ask for less.",
        },
    )

    def __init__(self, *args: Any, known: Connection | None = None, **kwargs: Any) -> None:
        if known is not None:
            kwargs["initial"] = {name: getattr(known, name) for name in self.base_fields if name != "key"}
        super().__init__(*args, **kwargs)
        if known is not None:
            self.fields["key"].required = False
            self.fields["key"].label = "New API key"
            self.fields["key"].help_text = (
                "Empty: the present one stays. A new one is tried first; until SYNAQ accepts it, the present one is used. "
                "Another address, API user or reseller needs the key typed again."
            )

    def clean_base_url(self) -> str:
        return addresses.clean(self.cleaned_data["base_url"])

    def clean_key(self) -> str:
        key = str(self.cleaned_data.get("key") or "").strip()
        if not key.isprintable():
            raise forms.ValidationError("A key holds no line breaks or control characters. Copy it again.")
        return key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("name", "api_user", "reseller_guid"):
            if not str(cleaned.get(name, "")).isprintable():
                self.add_error(name, "Line breaks and control characters cannot stand here.")
        guid = str(cleaned.get("reseller_guid", ""))
        if guid in (".", ".."):
            self.add_error("reseller_guid", "That is no GUID.")
        if self.errors and "key" in cleaned and cleaned["key"] and "key" not in self.errors:
            self.add_error("key", "Type the key again: it is not kept in the form.")
        return cleaned

    @property
    def facts(self) -> dict[str, Any]:
        """All but the key."""
        return {name: value for name, value in self.cleaned_data.items() if name != "key"}
