"""A correction of a closed month by hand."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal import access, roles
from portal.access import policy
from portal.billing import corrections
from portal.billing.closing import Refused
from portal.billing.models import ClosedCompany, ClosedMonth, Line
from portal.closing import finding
from portal.closing.finding import month_in, ou_of, url
from portal.closing.forms import AdjustForm
from portal.closing.views import crumbs
from portal.http import after_post
from provisioning.models import OU


@policy(roles.CLOSE_MONTHS)
def adjust(request: HttpRequest, guid: str, month: str) -> HttpResponse:
    """Asked for with a reason; carried into the next month that is closed."""
    ou, first = ou_of(request, guid), month_in(month)
    closed = ClosedCompany.objects.filter(month=first, ou__path__startswith=ou.path)
    companies = access.usage_companies(request).filter(pk__in=closed.order_by().values("ou"))
    if not finding.may_close(request, ou) or not companies.exists():
        raise Http404
    known = Line.objects.filter(ou__in=companies.order_by().values("pk"), closed__month=first)
    form = AdjustForm(request.POST or None, companies=companies, currency=_usual(known))
    if request.method == "POST" and form.is_valid():
        said = {**form.cleaned_data}
        company = said.pop("company")
        said.pop("submission")
        try:
            corrections.add(_closing(company, closed), company, by=request.user, **said)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            text = "The correction is kept. It is carried into the next month that is closed."
            return after_post(request, url("detail", ou, first), text)
    context = {
        "page_title": f"Correct {first:%B %Y}",
        "crumbs": crumbs(ou, first),
        "form": form,
        "editions": sorted(set(known.order_by().values_list("edition", flat=True).distinct())),
        "verb": "Keep the correction",
        "cancel_url": url("detail", ou, first),
    }
    return render(request, "months/adjust.html", context, status=422 if form.errors else 200)


def _usual(lines: QuerySet[Line]) -> str:
    codes = lines.exclude(currency="").order_by("position").values_list("currency", flat=True)
    return codes.first() or "ZAR"


def _closing(company: OU, closed: QuerySet[ClosedCompany]) -> ClosedMonth:
    return closed.select_related("closed__ou").get(ou=company).closed
