"""The provider's invoice, uploaded to be compared with a month. Nothing of the file is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files import File
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal import roles
from portal.access import policy
from portal.billing import invoice
from portal.closing.files import begun, lines_of
from portal.closing.finding import ou_of, url
from portal.closing.views import crumbs
from portal.textfiles import Unreadable
from provisioning import audit

_MOST = 300
_TONES = {"agrees": "good", "differs": "bad", "missing here": "warn", "missing there": "warn"}


class InvoiceForm(forms.Form):
    file = forms.FileField(
        label="The invoice as CSV",
        widget=forms.FileInput({"accept": ".csv,text/csv"}),
        help_text="A row of headings, then a row for each thing: Company, Domain, Edition, as far as they are known, and "
        "Count. An Amount is summed up.",
        error_messages={"required": "Choose the file.", "empty": "There is nothing in it."},
    )


@policy(roles.SEE_USAGE)
def compare(request: HttpRequest, guid: str, month: str) -> HttpResponse:
    """What agrees, what differs, what only one side has."""
    ou, first = ou_of(request, guid), begun(month)
    form = InvoiceForm(request.POST, request.FILES) if request.method == "POST" else InvoiceForm()
    context: dict[str, Any] = {
        "page_title": f"Compare {first:%B %Y} with an invoice",
        "crumbs": crumbs(ou, first),
        "form": form,
        "verb": "Compare",
        "cancel_url": url("detail", ou, first),
    }
    if form.is_bound and form.is_valid():
        lines, is_open = lines_of(request, ou, first)
        context |= _compared(form, lines) | {"is_open": is_open}
        if found := context.get("comparison"):
            new = {"month": f"{first:%Y-%m}", "rows": len(found.rows), **found.counts}
            audit.record("invoice_compared", by=request.user, ou=ou, title=f"{ou}, {first:%B %Y}", new=new)
    return render(
        request, "months/invoice.html", context, status=422 if form.errors or context.get("wrong") else 200
    )


def _compared(form: InvoiceForm, lines: list[Any]) -> dict[str, Any]:
    file: File[Any] = form.cleaned_data["file"]
    try:
        rows, wrong, columns = invoice.read(file.read(invoice.MOST_BYTES + 1))
    except Unreadable as error:
        form.add_error("file", str(error))
        return {}
    if wrong:
        return {"wrong": wrong[:_MOST], "more_wrong": max(0, len(wrong) - _MOST)}
    found = invoice.compare(rows, lines, columns)
    order = ("differs", "missing here", "missing there", "agrees")
    shown = sorted(found.rows, key=lambda row: order.index(row.state))
    return {
        "comparison": found,
        "labels": [invoice.LABELS[part] for part in found.parts],
        "rows": [(row, _TONES[row.state]) for row in shown[:_MOST]],
        "more": max(0, len(shown) - _MOST),
        "counts": [(state, _TONES[state], found.counts[state]) for state in order],
    }
