"""A customer's statement, on the page and as a file; the workbook of the whole month."""

from __future__ import annotations

from datetime import date
from io import BytesIO

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from portal import access, exports, roles
from portal.access import policy
from portal.billing import books, closing, paper, statements
from portal.billing.models import Line
from portal.branding import of
from portal.closing import finding
from portal.closing.finding import month_in, ou_of, url
from provisioning.models import OU

PDF = "pdf"
_PDF_TYPE = "application/pdf"


@policy(roles.SEE_USAGE)
def statement(request: HttpRequest, guid: str, month: str, company: str) -> HttpResponse:
    """What one company pays for the month: as it was closed, or a draft."""
    ou, first = ou_of(request, guid), begun(month)
    one = _statement(request, ou, first, company)
    context = {
        "page_title": one.title,
        "pretitle": f"Statement of {first:%B %Y}",
        "crumbs": [
            ("Months", f"{reverse('months:list')}?ou={ou.guid}"),
            (f"{first:%B %Y}", url("detail", ou, first)),
        ],
        "one": one,
        "rows": [(line, statements.price_words(line), statements.domains(line)) for line in one.used],
        "adjustments": one.adjustments,
        "files": [(form, url("statement_file", ou, first, company, form)) for form in (PDF, exports.CSV)],
    }
    return render(request, "months/statement.html", context)


@policy(roles.SEE_USAGE)
def statement_file(request: HttpRequest, guid: str, month: str, company: str, form: str) -> HttpResponseBase:
    """The same as a PDF or a CSV."""
    ou, first = ou_of(request, guid), begun(month)
    if form not in (PDF, exports.CSV):
        raise Http404
    one = _statement(request, ou, first, company)
    if form == exports.CSV:
        rows = [statements.row(line) for line in one.lines]
        return exports.answer(exports.CSV_EXCEL, one.file_name, statements.HEADINGS, rows)
    made = paper.statement(one, of.for_ou(one.company))
    return exports.made(BytesIO(made), one.file_name, PDF, _PDF_TYPE, len(one.lines))


@policy(roles.SEE_USAGE)
def workbook(request: HttpRequest, guid: str, month: str) -> HttpResponseBase:
    """All lines of the month, the sums, and who closed it."""
    ou, first = ou_of(request, guid), begun(month)
    lines, is_open = lines_of(request, ou, first)
    closings = finding.closings(request, ou, first)
    book = exports.workbook(statements.sheets(ou, first, lines, closings, whole=not is_open))
    return exports.made(book, f"month-{first:%Y-%m}-{ou.pk}", exports.XLSX, exports.XLSX_TYPE, len(lines))


def lines_of(request: HttpRequest, ou: OU, month: date) -> tuple[list[Line], bool]:
    """What is closed, with what is open as it would be closed now; whether there is any of that."""
    lines = finding.closed_lines(request, ou, month)
    open_ones = closing.draft(ou, month) if closing.companies_to_close(ou, month).exists() else None
    return [*lines, *(open_ones.lines if open_ones else [])], open_ones is not None


def _statement(request: HttpRequest, ou: OU, month: date, company: str) -> statements.Statement:
    row: OU = access.get(access.usage_companies(request).filter(path__startswith=ou.path), company)
    return statements.of_company(row, month)


def begun(month: str) -> date:
    first = month_in(month)
    if first > books.today():
        raise Http404
    return first
