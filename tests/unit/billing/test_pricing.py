"""Prices: graduated tiers, minimum, rounding, tax; to the cent, whatever the numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.pricing import CENT, ZERO, Charge, PriceOf, by_currency, cents, charge, difference

D = Decimal
units = st.decimals(min_value=0, max_value=10_000, places=4)
counts = st.integers(min_value=0, max_value=100_000)
rates = st.decimals(min_value=0, max_value=100, places=3)
tiers = st.dictionaries(st.integers(min_value=2, max_value=5_000), units, max_size=4).map(
    lambda found: tuple(sorted(found.items()))
)
prices = st.builds(
    PriceOf,
    currency=st.sampled_from(["ZAR", "EUR"]),
    unit=units,
    minimum=st.decimals(min_value=0, max_value=10_000, places=2),
    tiers=tiers,
    tax_rate=rates,
)


@pytest.mark.parametrize(
    ("count", "net"),
    [(0, "0.00"), (1, "50.00"), (9, "90.00"), (10, "98.00"), (12, "114.00"), (20, "175.00")],
)
def test_tiers_are_graduated_and_the_minimum_lifts(count: int, net: str) -> None:
    price = PriceOf("ZAR", D(10), minimum=D(50), tiers=((10, D(8)), (19, D("6.5"))))
    assert charge(price, count).net == D(net)


def test_a_sum_is_rounded_once_and_half_up() -> None:
    assert charge(PriceOf("ZAR", D("0.0333")), 3).net == D("0.10")  # not three times 0.03
    assert charge(PriceOf("ZAR", D("0.005")), 1).net == D("0.01")
    assert charge(PriceOf("ZAR", D("33.30"), tax_rate=D("15")), 1).tax == D("5.00")  # 4.995


def test_a_minimum_is_said_and_taxed() -> None:
    found = charge(PriceOf("ZAR", D(1), minimum=D(100), tax_rate=D(15)), 3)
    assert (found.net, found.tax, found.gross, found.at_minimum) == (
        D("100.00"),
        D("15.00"),
        D("115.00"),
        True,
    )


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        charge(PriceOf("ZAR", D(1)), -1)


@given(prices, counts)
def test_amounts_are_whole_cents_and_agree_with_unit_by_unit(price: PriceOf, count: int) -> None:
    found = charge(price, count)
    assert found.net == found.net.quantize(CENT)
    assert found.tax == found.tax.quantize(CENT)
    assert abs(found.tax - found.net * price.tax_rate / 100) <= CENT / 2
    few = min(count, 200)
    one_by_one = sum((_price_of_unit(price, number) for number in range(1, few + 1)), D(0))
    assert charge(price, few).net == (max(cents(one_by_one), cents(price.minimum)) if few else ZERO)


def _price_of_unit(price: PriceOf, number: int) -> Decimal:
    each = price.unit
    for first, cheaper in price.tiers:
        if number >= first:
            each = cheaper
    return each


@given(prices, counts, counts)
def test_a_difference_is_that_of_the_two_charges(price: PriceOf, before: int, after: int) -> None:
    assert difference(price, before, after) == -difference(price, after, before)
    assert charge(price, before).net + difference(price, before, after) == charge(price, after).net


@given(prices, counts, counts)
def test_more_never_costs_less(price: PriceOf, one: int, other: int) -> None:
    fewer, more = sorted((one, other))
    assert charge(price, fewer).net <= charge(price, more).net


@given(st.lists(st.tuples(prices, counts), max_size=20))
def test_sums_are_those_of_the_rounded_lines_each_currency_by_itself(
    lines: list[tuple[PriceOf, int]],
) -> None:
    charges = [charge(price, count) for price, count in lines]
    for currency, total in by_currency(charges).items():
        own = [one for one in charges if one.currency == currency]
        assert total == Charge(currency, sum((c.net for c in own), ZERO), sum((c.tax for c in own), ZERO))
