"""A month's lines: priced by the nearest book, counted once a company and edition, in a fixed number of queries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.billing import books, sums
from portal.billing.models import PriceBook
from provisioning.models import OU, Domain, MonthlyFigure, UsageReport
from tests.integration.factories import make_domain, make_ou

pytestmark = pytest.mark.django_db
D = Decimal
JULY = date(2026, 7, 1)
EDITION = "SYN-CMS-BASIC-02"


def make_book(ou: OU, unit: str = "10", day: date = date(2026, 1, 1), **fields: object) -> PriceBook:
    facts = {"name": f"Book of {ou}", "valid_from": day, **fields}
    book = PriceBook.objects.create(ou=ou, **facts)
    book.prices.create(edition=EDITION, unit=D(unit))
    return book


def make_figure(domain: Domain, count: int, month: date = JULY, edition: str = EDITION) -> MonthlyFigure:
    when = datetime(month.year, month.month, 28, 12, tzinfo=UTC)
    report = UsageReport.objects.create(
        connection=domain.connection, domain=domain, ou=domain.ou, source="summary", data_as_at=when,
        digest=f"{month}{edition}",
    )  # fmt: skip
    return MonthlyFigure.objects.create(
        month=month, ou=domain.ou, domain=domain, edition=edition, count=count, data_as_at=when,
        received_at=when, report=report,
    )  # fmt: skip


def test_domains_of_a_company_are_priced_together_and_rounded_once() -> None:
    reseller = make_ou()
    company = make_ou(parent=reseller)
    make_book(reseller, "0.333", tax_rate=D(15))
    for count in (1, 2):
        make_figure(make_domain(company), count)
    (line,) = sums.month_lines(OU.objects.filter(pk=company.pk), JULY)
    assert (line.count, line.domains, line.stale) == (3, 2, 0)
    assert (line.net, line.tax, line.gross, line.currency) == (D("1.00"), D("0.15"), D("1.15"), "ZAR")


def test_the_nearest_book_counts_and_only_while_it_holds() -> None:
    reseller = make_ou()
    middle = make_ou(parent=reseller, type=OU.Type.SUBRESELLER)
    company, other = make_ou(parent=middle), make_ou(parent=reseller)
    general, own = make_book(reseller), make_book(company, valid_to=date(2026, 6, 30))
    of_middle = make_book(middle, day=date(2026, 7, 31))
    ous = OU.objects.filter(pk__in=[company.pk, other.pk])
    assert books.book_for(ous, date(2026, 6, 30)) == {company.pk: own, other.pk: general}
    assert books.book_for(ous, date(2026, 7, 30)) == {company.pk: general, other.pk: general}
    assert books.book_for(ous, books.last_day(JULY))[company.pk] == of_middle
    assert books.book_for(ous, date(2025, 12, 31)) == {}


def test_without_a_price_a_line_is_unpriced_and_in_no_total() -> None:
    company = make_ou(parent=make_ou())
    make_book(company)
    domain = make_domain(company)
    make_figure(domain, 4)
    make_figure(domain, 7, edition="NEVER-HEARD-OF")
    lines = sums.month_lines(OU.objects.filter(pk=company.pk), JULY)
    assert sums.totals(lines)["ZAR"].net == D("40.00")
    (strange,) = sums.unpriced(lines)
    assert (strange.count, strange.net, strange.tax, strange.currency) == (7, None, None, None)


def test_old_data_is_stale_and_an_active_domain_without_a_figure_is_missing() -> None:
    company = make_ou(parent=make_ou())
    known, unknown = make_domain(company), make_domain(company)
    make_domain(company, state="inactive")
    figure = make_figure(known, 1)
    make_figure(unknown, 1, date(2026, 6, 1))
    ous = OU.objects.filter(pk=company.pk)
    assert list(sums.missing(ous, JULY)) == [unknown]
    assert sums.month_lines(ous, JULY)[0].stale == 0
    MonthlyFigure.objects.filter(pk=figure.pk).update(data_as_at=datetime(2026, 7, 27, 12, tzinfo=UTC))
    assert sums.month_lines(ous, JULY)[0].stale == 1
    age = timezone.now() - sums.stale_before(books.today())
    assert abs(age - sums.STALE_AFTER) < timedelta(minutes=1)


@pytest.mark.parametrize("companies", [2, 40])
def test_the_queries_do_not_grow_with_the_companies(
    companies: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reseller = make_ou()
    make_book(reseller)
    for _ in range(companies):
        company = make_ou(parent=reseller)
        make_book(company, "20")
        make_figure(make_domain(company), 1)
    with django_assert_num_queries(6):
        lines = sums.month_lines(OU.objects.filter(type=OU.Type.COMPANY), JULY)
    assert sums.totals(lines)["ZAR"].net == 20 * companies
