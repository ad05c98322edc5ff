"""When a new action is first asked after: what polls find moves it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import pace
from provisioning.models import Action


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    for known in (pace._ends, pace._under_way, pace._scouts, pace._in_vain):
        known.clear()


def aged(seconds: float, polls: int = 0, operation: str = "mailbox.create", pk: int | None = None) -> Action:
    """An action that was taken on so long ago."""
    accepted = timezone.now() - timedelta(seconds=seconds)
    return Action(pk=pk, connection_id=1, operation=operation, accepted_at=accepted, polls=polls)


def pause(operation: str = "mailbox.create") -> float:
    return pace.first_poll(aged(0, operation=operation)).total_seconds()


def one_after_the_other(takes: float, count: int) -> float:
    """The share of so many actions that the first poll did not find ended."""
    in_vain = 0
    for _ in range(count):
        age, polls = pause(), 0
        while age < takes:
            age, polls = age + max(pace.SHORTEST, pace.GROWTH * age), polls + 1
        pace.ended(aged(age, polls))
        in_vain += polls > 0
    return in_vain / count


def test_nothing_known_is_the_shortest_pause() -> None:
    assert pause() == pace.SHORTEST


@pytest.mark.parametrize("takes", [0.2, 1.0, 2.0, 4.5])
def test_it_comes_to_where_actions_end_and_few_polls_are_in_vain(takes: float) -> None:
    one_after_the_other(takes, 100)
    assert max(pace.SHORTEST, 0.9 * takes) <= pause() <= max(pace.SHORTEST, takes + 0.3)
    assert one_after_the_other(takes, 200) <= 0.5


def test_each_operation_has_its_own() -> None:
    one_after_the_other(2.0, 50)
    assert pause("domain.create") == pace.SHORTEST


def test_stragglers_do_not_keep_the_others_waiting() -> None:
    one_after_the_other(1.0, 100)
    for _ in range(7):
        pace.ended(aged(60, polls=20))
    assert pause() <= 1.3


def test_what_takes_long_is_asked_after_at_the_longest_pause() -> None:
    one_after_the_other(3600, 10)
    assert pause() == pace.LONGEST


def test_it_follows_when_actions_end_sooner_again() -> None:
    one_after_the_other(4.0, 50)
    one_after_the_other(1.0, 2_500)
    assert pause() <= 1.3


def test_while_no_end_is_known_a_few_are_asked_after_early_and_the_others_learn_from_them() -> None:
    assert {pause() for _ in range(pace.SCOUTS)} == {pace.SHORTEST}
    assert pause() == pace.OTHERS
    one_after_the_other(2.0, 20)
    assert pause() == pytest.approx(2.0, abs=0.3)


def test_while_no_end_is_known_it_waits_as_long_as_others_were_under_way() -> None:
    pace.under_way(aged(0.9, pk=1))
    assert 0.9 <= pause() < 1.0


def test_what_is_stuck_says_nothing_of_others() -> None:
    pace.under_way(aged(3600, pk=1))
    assert pause() == pace.SHORTEST


def test_first_polls_that_come_late_move_nothing() -> None:
    one_after_the_other(2.0, 50)
    before = pause()
    for _ in range(2 * pace.LATEST):
        pace.ended(aged(8.0))
    assert pause() <= before


def test_a_later_poll_that_comes_late_tells_what_the_one_before_it_had_seen() -> None:
    for pk in range(pace.LATEST):
        pace.under_way(aged(1.9, polls=1, pk=pk))
        pace.ended(aged(5.0, polls=1, pk=pk))
    assert pause() == pytest.approx(2.15, abs=0.1)


def test_what_is_remembered_of_polls_has_its_bounds() -> None:
    for pk in range(pace.MOST + 10):
        pace.under_way(aged(1.0, pk=pk))
    assert len(pace._in_vain) == pace.MOST
