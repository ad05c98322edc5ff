from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from portal.billing import books, pricefile
from portal.billing.models import PriceBook
from portal.billing.pricefile import NAMES, Row
from provisioning.models import OU

_FREE_ROWS = 5
# ISO 4217: those of where SYNAQ's resellers are first, then what is used between countries.
# Those without cents are left out: amounts are rounded to them.
CURRENCIES = [
    *(
        "ZAR",
        "NAD",
        "BWP",
        "SZL",
        "LSL",
        "MZN",
        "ZMW",
        "MWK",
        "AOA",
        "KES",
        "TZS",
        "NGN",
        "GHS",
        "ETB",
        "MUR",
    ),
    *(
        "SCR",
        "MGA",
        "EGP",
        "MAD",
        "USD",
        "EUR",
        "GBP",
        "CHF",
        "AUD",
        "CAD",
        "NZD",
        "CNY",
        "INR",
        "AED",
        "SGD",
    ),
    *("HKD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN"),
]


class BookForm(forms.Form):
    """The book itself; its prices are rows of cells (`rows_of`)."""

    ou = forms.ModelChoiceField(OU.objects.none(), label="For", to_field_name="guid", empty_label=None)
    name = forms.CharField(max_length=100)
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES], initial="ZAR")
    tax_rate = forms.CharField(
        label="Tax", initial="15", help_text="Per cent, added to each line.", max_length=20
    )
    valid_from = forms.DateField(label="From", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    valid_to = forms.DateField(
        label="To",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="Its last day. Empty: until it is ended.",
    )
    shown_to_customer = forms.BooleanField(
        label="Show the customers what their own changes cost",
        required=False,
        help_text="Their admins then see them beside what they create, change and delete. Reports and sums stay yours.",
    )
    end_other = forms.BooleanField(label="End the book that holds until then, the day before", required=False)

    def __init__(self, *args: Any, ous: QuerySet[OU], book: PriceBook | None = None, **kwargs: Any) -> None:
        if book is not None:
            kwargs["initial"] = initial_of(book) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        field = self.fields["ou"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = ous.order_by("path")  # the reseller first: its book holds for all below
        if book is not None and book.pk:
            del self.fields["ou"], self.fields["end_other"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not name.isprintable():
            raise forms.ValidationError("Line breaks and control characters cannot stand here.")
        return name

    def clean_tax_rate(self) -> Any:
        try:
            rate = pricefile.amount(self.cleaned_data["tax_rate"].rstrip("% "), 3)
        except pricefile.Wrong as error:
            raise forms.ValidationError(str(error)) from None
        if rate > 100:
            raise forms.ValidationError("A tax is 100 per cent at most.")
        return rate

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begin, end = cleaned.get("valid_from"), cleaned.get("valid_to")
        if begin and end and end < begin:
            self.add_error("valid_to", "It ends before it begins.")
        for name in ("valid_from", "valid_to"):
            if cleaned.get(name) and not 2000 <= cleaned[name].year <= 2100:
                self.add_error(name, "Choose a day between 2000 and 2100.")
        return cleaned


class EndForm(forms.Form):
    valid_to = forms.DateField(
        label="Its last day", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


def initial_of(book: PriceBook) -> dict[str, Any]:
    return {
        "ou": book.ou.guid,
        "name": book.name,
        "currency": book.currency,
        "tax_rate": f"{book.tax_rate.normalize():f}",
        "valid_from": book.valid_from,
        "valid_to": book.valid_to,
        "shown_to_customer": book.shown_to_customer,
    }


def next_month() -> date:
    return books.last_day(books.today()) + timedelta(days=1)


def rows_of(data: QueryDict) -> list[Row]:
    """The rows as they were typed."""
    columns = [data.getlist(name)[: pricefile.MOST_ROWS] for name in (f"row_{cell}" for cell in NAMES)]
    return [
        Row(number, dict(zip(NAMES, (cell[:1_000] for cell in cells), strict=True)))
        for number, cells in enumerate(zip(*columns, strict=False), 1)
    ]


def with_free(rows: list[Row], editions: list[str]) -> list[Row]:
    """These rows, one for each further edition that is known, and some free ones; as many as a form holds."""
    filled = [at for at, row in enumerate(rows, 1) if any(cell.strip() for cell in row.cells.values())]
    rows = rows[: max(filled, default=0)]
    given = {row.cells["edition"].strip() for row in rows}
    more = [code for code in editions if code not in given] + [""] * _FREE_ROWS
    blank = [Row(0, dict.fromkeys(NAMES, "") | {"edition": code}) for code in more]
    return [*rows, *blank][: max(len(rows), pricefile.MOST_ROWS)]
