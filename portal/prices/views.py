"""Price books: who pays what. Seen by those who see usage, changed by those who set prices."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal import access, exports, roles
from portal.access import policy
from portal.accounts.models import Person
from portal.billing import books as held
from portal.billing import pricefile
from portal.billing.models import PriceBook
from portal.billing.pricefile import Row
from portal.http import after_post
from portal.prices import keeping
from portal.prices.forms import BookForm, EndForm, next_month, rows_of, with_free
from portal.textfiles import Unreadable
from provisioning.models import OU, Edition, MonthlyFigure

_MOST = 200


@policy(roles.SEE_USAGE)
def books(request: HttpRequest) -> HttpResponse:
    """The books in scope: those that hold today first."""
    found = access.price_books(request).select_related("ou").annotate(priced=Count("prices"))
    rows = list(found.order_by("ou__path", "-valid_from", "pk")[: _MOST + 1])
    today = held.today()
    context = {
        "page_title": "Prices",
        "rows": [{"book": row, "standing": _standing(row, today)} for row in rows[:_MOST]],
        "more": len(rows) > _MOST,
        "may_change": access.grants(request).has(roles.CHANGE_PRICES),
    }
    return render(request, "prices/list.html", context)


def _standing(book: PriceBook, today: Any) -> dict[str, str]:
    if book.valid_from > today:
        return {"label": "To come", "tone": "busy"}
    if book.valid_to and book.valid_to < today:
        return {"label": "Ended", "tone": "idle"}
    return {"label": "Holds", "tone": "good"}


@policy(roles.SEE_USAGE)
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """One book: its prices, and what it leaves unpriced."""
    row = _get(request, pk)
    prices = keeping.prices_in(row)
    known = _editions(row.ou)
    context = _around(row.name) | {
        "pretitle": "Price book",
        "book": row,
        "standing": _standing(row, held.today()),
        "rows": [pricefile.cells_of(one) | {"unknown": one.edition not in known} for one in prices],
        "unpriced": [code for code in known if code not in {one.edition for one in prices}],
        "closed": keeping.is_closed(row),
        "may_change": _may(request, row.ou),
        "other_currency": _above(request, row),
    }
    return render(request, "prices/detail.html", context)


def _above(request: HttpRequest, book: PriceBook) -> PriceBook | None:
    """The book of an OU above that it stands in for in another currency, if the person sees that one too."""
    parent = book.ou.parent
    if parent is None or not access.grants(request).has_on(roles.SEE_USAGE, parent):
        return None
    found = held.book_for(OU.objects.filter(pk=parent.pk), max(book.valid_from, held.today()))
    above = found.get(parent.pk)
    return above if above and above.currency != book.currency else None


def _editions(ou: OU) -> list[str]:
    """All editions that are sold or counted there and below."""
    sold = Edition.objects.filter(package__ou__path__startswith=ou.path, package__gone_at=None)
    counted = MonthlyFigure.objects.filter(ou__path__startswith=ou.path)
    codes = {*sold.order_by().values_list("code", flat=True).distinct()}
    return sorted(codes | {*counted.order_by().values_list("edition", flat=True).distinct()})


@policy(roles.CHANGE_PRICES)
def new(request: HttpRequest) -> HttpResponse:
    """Another book: blank, or with `?copy=` another one's prices."""
    source = None
    if request.GET.get("copy", "").isascii() and request.GET.get("copy", "").isdigit():
        source = _get(request, int(request.GET["copy"][:12]))
    initial: dict[str, Any] = {"valid_from": next_month(), "end_other": source is not None}
    ous = _ous(request)
    if source is not None:
        shown = PriceBook(
            ou=source.ou, name=source.name, currency=source.currency, tax_rate=source.tax_rate,
            shown_to_customer=source.shown_to_customer,
        )  # fmt: skip
        initial |= {"valid_to": None}
        form = BookForm(request.POST or None, ous=ous, book=shown, initial=initial)
    else:
        form = BookForm(request.POST or None, ous=ous, initial=initial)
    prices = keeping.prices_in(source) if source else []
    person = cast(Person, request.user)
    highest = ous.order_by("path").first()
    return _form(request, form, PriceBook(made_by=person), prices, source.ou if source else highest)


@policy(roles.CHANGE_PRICES)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """All of a book in one form."""
    row = _changeable(request, pk)
    form = BookForm(request.POST or None, ous=_ous(request), book=row)
    return _form(request, form, row, keeping.prices_in(row), row.ou)


def _form(
    request: HttpRequest, form: BookForm, row: PriceBook, prices: list[pricefile.Clean], ou: OU | None
) -> HttpResponse:
    """The form; sent with a file, it comes back with the file's rows in it, to be looked at before they are kept."""
    if request.method != "POST":
        rows = [Row(n, pricefile.cells_of(one)) for n, one in enumerate(prices, 1)]
        return _page(request, form, row, rows, ou)
    file = request.FILES.get("file")
    if file is not None:
        try:
            rows = pricefile.read(file.read(pricefile.MOST_BYTES + 1))
        except Unreadable as error:
            form.add_error(None, str(error))
            return _page(request, form, row, rows_of(request.POST), ou, status=422)
        pricefile.check(rows)
        return _page(request, form, row, rows, ou, read=True)
    rows = rows_of(request.POST)
    checked = pricefile.check(rows)
    if form.is_valid() and not any(one.errors for one in checked):
        try:
            kept = _keep(request, form, row, checked)
        except keeping.Refused as error:
            form.add_error(error.field, str(error))
        else:
            return after_post(request, reverse("prices:detail", args=[kept.pk]), "The prices are kept.")
    return _page(request, form, row, rows, ou, status=422)


def _keep(request: HttpRequest, form: BookForm, row: PriceBook, rows: list[Row]) -> PriceBook:
    said = dict(form.cleaned_data)
    end_other = said.pop("end_other", False)
    for name, value in said.items():
        setattr(row, name, value)
    return keeping.keep(row, [one.clean for one in rows if one.clean], by=request.user, end_other=end_other)


def _page(
    request: HttpRequest,
    form: BookForm,
    row: PriceBook,
    rows: list[Row],
    ou: OU | None,
    *,
    read: bool = False,
    status: int = 200,
) -> HttpResponse:
    known = _editions(ou) if ou else []
    context = _around(f"Edit {row.name}" if row.pk else "New price book") | {
        "form": form,
        "book": row,
        "rows": with_free(rows, known),
        "wrong": [said for one in rows for said in one.sentences],
        "strange": sorted({one.cells["edition"] for one in rows} - {*known, ""}),
        "read": read,
        "cancel_url": reverse("prices:detail", args=[row.pk]) if row.pk else reverse("prices:list"),
        "verb": "Save prices",
    }
    return render(request, "prices/form.html", context, status=status)


@policy(roles.CHANGE_PRICES)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a book hold to a day."""
    row = _changeable(request, pk)
    form = EndForm(request.POST or None, initial={"valid_to": held.last_day(held.today())})
    if request.method == "POST" and form.is_valid():
        try:
            keeping.end_book(row, form.cleaned_data["valid_to"], by=request.user)
            return after_post(request, reverse("prices:detail", args=[row.pk]), "Its end is set.")
        except keeping.Refused as error:
            form.add_error(error.field, str(error))
    context = _around(f"End {row.name}") | {
        "form": form,
        "book": row,
        "cancel_url": reverse("prices:detail", args=[row.pk]),
        "verb": "End the book",
    }
    return render(request, "prices/end.html", context, status=422 if form.is_bound else 200)


@policy(roles.SEE_USAGE)
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The prices as a CSV that can be read in again."""
    row = _get(request, pk)
    rows = pricefile.file_rows(keeping.prices_in(row))
    return exports.answer(exports.CSV_EXCEL, f"prices-{row.pk}", pricefile.HEADINGS, rows)


def _around(title: str) -> dict[str, Any]:
    return {"page_title": title, "crumbs": [("Prices", reverse("prices:list"))]}


def _get(request: HttpRequest, pk: int) -> PriceBook:
    found: PriceBook = get_object_or_404(access.price_books(request).select_related("ou"), pk=pk)
    return found


def _changeable(request: HttpRequest, pk: int) -> PriceBook:
    row = _get(request, pk)
    if not _may(request, row.ou):
        raise Http404
    return row


def _may(request: HttpRequest, ou: OU) -> bool:
    return access.grants(request).has_on(roles.CHANGE_PRICES, ou)


def _ous(request: HttpRequest) -> QuerySet[OU]:
    """OUs for which the person may set prices."""
    return access.ous_to_price(request)
