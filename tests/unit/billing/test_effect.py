"""What a change adds to a month: the same numbers as the price itself gives, each currency by itself."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.billing.effect import Effect, Ground, effect
from portal.billing.pricing import PriceOf, charge, difference
from tests.unit.billing.test_pricing import prices

D = Decimal
counts = st.integers(min_value=0, max_value=5_000)
numbers = st.integers(min_value=-5_000, max_value=5_000)
COMPANY, OTHER = 1, 2


# A busy machine makes the very first number slowly: that says nothing of the strategy.
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(prices, counts, numbers)
def test_it_is_what_the_count_after_costs_more_than_the_count_before(
    price: PriceOf, before: int, number: int
) -> None:
    ground = Ground({(COMPANY, "A"): before}, {COMPANY: {"A": price}})
    after = max(0, before + number)
    net = effect(ground, {(COMPANY, "A"): number}).nets.get(price.currency, D(0))
    assert net == difference(price, before, after) == charge(price, after).net - charge(price, before).net


@settings(max_examples=40)
@given(prices, prices, counts, counts)
def test_another_edition_is_one_less_of_the_one_and_one_more_of_the_other(
    left: PriceOf, right: PriceOf, here: int, there: int
) -> None:
    ground = Ground({(COMPANY, "A"): here + 1, (COMPANY, "B"): there}, {COMPANY: {"A": left, "B": right}})
    found = effect(ground, {(COMPANY, "A"): -1, (COMPANY, "B"): 1}).nets
    less, more = difference(left, here + 1, here), difference(right, there, there + 1)
    if left.currency == right.currency:
        assert found == {left.currency: less + more}
    else:
        assert found == {left.currency: less, right.currency: more}


def test_what_has_no_price_is_unpriced_and_nothing_is_reckoned_for_it() -> None:
    ground = Ground({}, {COMPANY: {"A": PriceOf("ZAR", D(10))}})
    change = {(COMPANY, "A"): 2, (COMPANY, "B"): 1, (OTHER, "A"): 1, (COMPANY, "C"): 0}
    assert effect(ground, change) == Effect({"ZAR": D("20.00")}, ("A", "B"))


def test_a_minimum_that_covers_one_more_adds_nothing() -> None:
    ground = Ground({(COMPANY, "A"): 3}, {COMPANY: {"A": PriceOf("ZAR", D(10), minimum=D(100))}})
    assert effect(ground, {(COMPANY, "A"): 1}) == Effect({"ZAR": D("0.00")})
