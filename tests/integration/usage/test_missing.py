"""Which domains are missing in a month: those in service when it ended, as far as figures, ledger and mirror tell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from portal.billing import sums
from provisioning.models import OU, Action, Domain
from tests.integration.factories import make_domain, make_ou
from tests.integration.prices.test_sums import make_figure
from tests.integration.usage.world import this_month

pytestmark = pytest.mark.django_db
MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def acted(domain: Domain, operation: str, when: datetime, state: str = "finished") -> None:
    Action.objects.create(
        connection=domain.connection, ou=domain.ou, kind="domain", guid=domain.guid, operation=operation,
        state=state, asked_at=when, ended_at=when, submission=f"{domain.pk:032x}", lock_key=str(domain.pk),
    )  # fmt: skip


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("figures", "did", "now", "is_missing"),
    [
        ([MAY], None, {}, True),  # counted before, in service now
        ([MAY], None, {"state": "deleted"}, False),  # never seen in service after May
        ([MAY, JULY], None, {"state": "deleted"}, True),  # counted before and after
        ([JULY], None, {}, False),  # first heard of in July
        ([MAY, JUNE], None, {}, False),  # it has its figure
        ([], ("domain.usage", day(6, 30), "failed"), {}, True),  # was to be counted, in vain
        ([], ("domain.provision", day(6, 10), "finished"), {}, True),
        ([], ("domain.provision", day(7, 10), "finished"), {}, False),  # came into service afterwards
        ([MAY], ("domain.delete", day(6, 20), "finished"), {"state": "deleted"}, False),  # ended in June
        ([MAY], ("domain.delete", day(7, 2), "finished"), {"state": "deleted"}, True),  # still there as June ended
        ([MAY], None, {"gone_at": day(7, 5)}, True),
        ([MAY], None, {"gone_at": day(6, 5)}, False),
    ],
)  # fmt: skip
def test_a_past_month_is_judged_by_what_is_known_of_that_time(
    figures: list[date], did: tuple[str, datetime, str] | None, now: dict[str, Any], is_missing: bool
) -> None:
    domain = make_domain(make_ou(parent=make_ou()), **now)
    for month in figures:
        make_figure(domain, 1, month)
    if did:
        acted(domain, *did)
    assert (domain in sums.missing(OU.objects.all(), JUNE)) is is_missing


@pytest.mark.parametrize(
    ("facts", "is_missing"),
    [({}, True), ({"state": "suspended"}, True), ({"state": "inactive"}, False), ({"gone_at": day(6, 1)}, False)],
)  # fmt: skip
def test_the_present_month_is_judged_by_the_present_state(facts: dict[str, Any], is_missing: bool) -> None:
    domain = make_domain(make_ou(parent=make_ou()), **facts)
    assert (domain in sums.missing(OU.objects.all(), this_month())) is is_missing
