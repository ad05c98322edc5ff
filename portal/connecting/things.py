"""What SYNAQ holds already: taken in by its lists, or by GUID. For those who look after the whole reseller, since any of
the connection's things can be named here."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, Count, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from portal import access, roles
from portal.access import policy
from portal.http import after_post, live_page
from portal.textfiles import Unreadable, decoded
from provisioning.models import OU, Adoption, Connection, Domain, Mailbox, Package
from provisioning.services import adopting
from provisioning.services.adopting import Wanted

MOST_LINES, MOST_BYTES, SHOWN = 5_000, 1_000_000, 100
KINDS = {"company": "ou", "ou": "ou", "package": "package", "domain": "domain", "mailbox": "mailbox"}
WORDS = {"ou": "Company", "package": "Package", "domain": "Domain", "mailbox": "Mailbox"}
TONES = {"waiting": "idle", "reading": "busy", "taken": "good", "refused": "bad"}
_GUID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,99}")
_EXAMPLE = (
    "company, GUID\npackage, GUID, company's GUID\ndomain, GUID, company's GUID\nmailbox, GUID, domain's GUID"
)


class NamesForm(forms.Form):
    """Lines `kind, GUID, GUID of what it belongs to`, pasted or as a file. `wanted` holds what was read."""

    text = forms.CharField(
        label="Lines", required=False, max_length=MOST_BYTES,
        help_text="One thing a line: its kind, its GUID, and the GUID of what it belongs to. In any order.",
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "class": "text-mono", "placeholder": _EXAMPLE}),
        error_messages={"max_length": "This is more than 1 MB: split it into several."},
    )  # fmt: skip
    file = forms.FileField(
        label="Or a file of such lines", required=False, allow_empty_file=True,
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,text/csv,text/plain"}),
    )  # fmt: skip

    def __init__(self, *args: Any, reseller: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reseller = reseller
        self.wanted: list[Wanted] = []

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        file, text = given.get("file"), given.get("text", "")
        if bool(file) == bool(text.strip()):
            raise ValidationError("Paste the lines or choose a file: one of the two.")
        try:
            self.wanted = list(self._read(decoded(file.read(MOST_BYTES + 1)) if file else text))
        except (ValidationError, Unreadable) as error:
            self.add_error(
                "file" if file else "text", error if isinstance(error, ValidationError) else str(error)
            )
        return given

    def _read(self, text: str) -> list[Wanted]:
        if len(text) > MOST_BYTES:
            raise ValidationError("This is more than 1 MB: split it into several.")
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if lines and lines[0][1].strip().casefold().startswith("kind"):
            lines = lines[1:]
        if not lines:
            raise ValidationError("There is nothing in it.")
        if len(lines) > MOST_LINES:
            raise ValidationError(f"There are {len(lines):,} lines; {MOST_LINES:,} is the most at once.")
        return [self._line(number, line) for number, line in lines]

    def _line(self, number: int, line: str) -> Wanted:
        cells = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", line)]
        kind = KINDS.get(cells[0].casefold(), "")
        if not kind:
            raise ValidationError(f"Line {number} begins with none of company, package, domain, mailbox.")
        guid = cells[1] if len(cells) > 1 else ""
        under = cells[2] if len(cells) > 2 else ""
        if not _GUID.fullmatch(guid):
            raise ValidationError(f"Line {number}: behind {cells[0]} there must be its GUID.")
        if not under and kind == "ou":
            under = self.reseller
        if not _GUID.fullmatch(under):
            above = "domain" if kind == "mailbox" else "company"
            raise ValidationError(f"Line {number}: the third cell must be the GUID of its {above}.")
        return Wanted(kind, guid, under)


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
def things(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known, what is being read; POST names things, or has the lists gone through."""
    row: Connection = get_object_or_404(access.connections(request), pk=pk)
    here = reverse("connecting:things", args=[row.pk])
    if request.method == "POST" and "lists" in request.POST:
        begun = adopting.go_through(row, by=request.user)
        said = "Begun. What SYNAQ has is taken in behind everybody's work." if begun else ""
        return after_post(request, here, said)
    posted = request.method == "POST"
    form = NamesForm(*((request.POST, request.FILES) if posted else ()), reseller=row.reseller_guid)
    if posted and form.is_valid():
        count = adopting.name(row, form.wanted, by=request.user)
        said = f"{count:,} to be taken in." if count else "All of them were named before."
        return after_post(request, here, said)
    context = {
        "page_title": "What SYNAQ has already",
        "pretitle": row.name,
        "crumbs": [("Connections", reverse("connecting:list")), (row.name, reverse("connecting:detail", args=[row.pk]))],
        "connection": row,
        "form": form,
        **_standing(row),
    }  # fmt: skip
    page = live_page(
        request, "connections/things.html", "connections/_things.html", context, moving=context["moving"]
    )
    if posted:
        page.status_code = 422
    return page


def _standing(row: Connection) -> dict[str, Any]:
    named = Adoption.objects.filter(connection=row)
    counts = dict(named.order_by().values_list("state").annotate(Count("pk")))
    left = adopting.left(row)
    known = [
        ("Resellers and companies", OU.objects.filter(connection=row, gone_at=None).count()),
        ("Packages", Package.objects.filter(connection=row, gone_at=None).count()),
        ("Domains", Domain.objects.filter(connection=row, gone_at=None).count()),
        ("Mailboxes", Mailbox.objects.filter(connection=row, gone_at=None).count()),
    ]
    open_now = sum(counts.get(state, 0) for state in Adoption.OPEN)
    order = Case(When(state="refused", then=0), When(state="taken", then=2), default=1)
    refused_first = named.order_by(order, "-asked_at", "-pk")
    return {
        "known": known,
        "left": left,
        "moving": bool(left or open_now),
        "open_now": open_now,
        "counts": [(label, counts[state]) for state, label in Adoption.State.choices if counts.get(state)],
        "named": [
            (one, WORDS.get(one.kind, one.kind), TONES[one.state])
            for one in refused_first[:SHOWN]
        ],
        "more": max(0, sum(counts.values()) - SHOWN),
    }  # fmt: skip
