"""The page of this month so far, and of what it comes to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, roles
from portal.access import policy
from portal.billing import books, standing
from portal.billing import projection as sums
from portal.billing import sums as month_sums
from provisioning.models import OU, Edition, MonthlyFigure

_MOST = 200


class WhatIfForm(forms.Form):
    company = forms.CharField(label="Company", required=False, max_length=100)
    edition = forms.CharField(
        label="Edition", required=False, max_length=100,
        widget=forms.TextInput({"list": "editions", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    number = forms.IntegerField(
        label="More or fewer", required=False, min_value=-1_000_000, max_value=1_000_000,
        help_text="Such as 10, or -3.",
    )  # fmt: skip

    def __init__(self, *args: Any, ous: QuerySet[OU], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(guid, title) for guid, title in ous.order_by("title", "pk").values_list("guid", "title")]
        self.fields["company"] = forms.ChoiceField(required=False, choices=[("", "All companies"), *names])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("number"):
            for name in ("company", "edition"):
                if not said.get(name) and name not in self.errors:
                    self.add_error(name, "Needed to reckon with more or fewer.")
        return said


def _editions(ous: QuerySet[OU]) -> list[str]:
    """What was counted lately, or is sold: offered while one types."""
    own = ous.order_by().values("pk")
    sold = Edition.objects.filter(package__ou__in=own, package__gone_at=None).order_by()
    counted = MonthlyFigure.objects.filter(ou__in=own, month=books.today().replace(day=1)).order_by()
    return sorted(
        {
            *sold.values_list("code", flat=True).distinct(),
            *counted.values_list("edition", flat=True).distinct(),
        }
    )


@policy(roles.SEE_USAGE)
def projection(request: HttpRequest) -> HttpResponse:
    """Per customer and edition; `company`, `edition` and `number` ask what if."""
    ous = access.usage_companies(request)
    form = WhatIfForm(request.GET if request.GET else None, ous=ous)
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    what_if: Counter[standing.Key] = Counter()
    chosen = ous.filter(guid=said["company"]) if said.get("company") else ous
    if said.get("number"):
        for company in chosen:  # several where two connections have that GUID
            what_if[company.pk, said["edition"]] += said["number"]
    lines = sums.expected(chosen, what_if)
    now, end = sums.totals(row.so_far for row in lines), sums.totals(row.at_end for row in lines)
    context = {
        "page_title": "Projection",
        "crumbs": [("Prices", reverse("prices:list"))],
        "form": form,
        "editions": _editions(ous),
        "rows": lines[:_MOST],
        "more": max(0, len(lines) - _MOST),
        "totals": [(code, now[code], end[code], end[code].net - now[code].net) for code in sorted(end)],
        "unpriced": sum(row.at_end is None for row in lines),
        "missing": month_sums.missing(chosen, books.today()).count(),
        "assumption": sums.ASSUMPTION,
    }
    return render(request, "prices/projection.html", context, status=422 if form.errors else 200)
