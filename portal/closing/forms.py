from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from portal.billing import pricefile
from portal.confirming import ReasonForm
from portal.prices.forms import CURRENCIES
from portal.typed import LineField
from provisioning.models import OU

MOST = 1_000_000


class CloseForm(ReasonForm):
    """What is known to be amiss is ticked and explained; `seen` is the mark of what was looked at."""

    field_order = ("seen", "understood", "reason")

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    understood = forms.BooleanField(
        label="I have read this, and close the month all the same",
        error_messages={"required": "Tick this once you have read what is said above."},
    )

    def __init__(self, *args: Any, warned: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        reason.help_text = "Kept with the closed month, for those who look at it later."
        if warned:
            reason.required = True
            reason.error_messages["required"] = "Say why it is closed all the same."
        else:
            del self.fields["understood"]
            reason.label = "Note"


class AdjustForm(ReasonForm):
    """A correction of a closed month by hand: a number, an amount, or both."""

    field_order = ("company", "edition", "count", "currency", "net", "tax_rate", "reason")

    company = forms.ModelChoiceField(OU.objects.none(), to_field_name="guid", empty_label=None)
    edition = LineField(max_length=100, help_text="Its code, as on the statement.")
    count = forms.IntegerField(
        label="More or fewer", min_value=-MOST, max_value=MOST, initial=0,
        help_text="Such as 3, or -2. 0 for an amount alone.",
        error_messages={"invalid": "Type a whole number, such as 3 or -2."},
    )  # fmt: skip
    net = forms.CharField(
        label="Amount without tax", required=False, max_length=40,
        help_text="Such as 150.00, or -150.00. Empty: as the month was priced.",
    )  # fmt: skip
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES], required=False, initial="ZAR")
    tax_rate = forms.CharField(
        label="Tax",
        required=False,
        max_length=20,
        help_text="Per cent, of an amount that is typed. Empty: as then.",
    )

    def __init__(self, *args: Any, companies: QuerySet[OU], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = companies.order_by("title", "pk")
        self.fields["currency"].initial = currency
        self.fields["reason"].required = True
        self.fields["reason"].help_text = "Stands on the customer's statement."
        self.fields["reason"].error_messages["required"] = "Say why: it stands on the customer's statement."

    def clean_net(self) -> Decimal | None:
        return signed(self.cleaned_data["net"])

    def clean_tax_rate(self) -> Decimal | None:
        said = self.cleaned_data["tax_rate"].rstrip("% ")
        rate = _amount(said, 3) if said else None
        if rate is not None and rate > 100:
            raise forms.ValidationError("A tax is 100 per cent at most.")
        return rate

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("net") is not None and not said.get("currency"):
            self.add_error("currency", "Choose the currency of the amount.")
        return said


def signed(text: str) -> Decimal | None:
    """An amount that may be below nothing; None for nothing typed."""
    said = text.strip()
    below = said[:1] in ("-", "−")
    if not said:
        return None
    amount = _amount(said[1:] if below else said.removeprefix("+"), 2)
    return -amount if below else amount


def _amount(text: str, places: int) -> Decimal:
    try:
        return pricefile.amount(text, places)
    except pricefile.Wrong as error:
        raise forms.ValidationError(str(error)) from None
