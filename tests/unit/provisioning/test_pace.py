"""When a new action is first asked after: what polls find moves it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from provisioning import pace
from provisioning.models import Action

numbers = count(1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the monotonic clock, for the test to move."""
    now = [1000.0]
    monkeypatch.setattr("provisioning.pace.time.monotonic", lambda: now[0])
    monkeypatch.setattr(pace, "_pauses", {})
    return now


def aged(seconds: float, polls: int = 0, operation: str = "mailbox.create") -> Action:
    """An action that was taken on so long ago."""
    accepted = timezone.now() - timedelta(seconds=seconds)
    return Action(connection_id=1, operation=operation, accepted_at=accepted, polls=polls)


def pause(operation: str = "mailbox.create") -> float:
    return pace.first_poll(aged(0, operation=operation)).total_seconds()


def test_nothing_known_is_the_shortest_pause(clock: list[float]) -> None:
    assert pause() == pace.SHORTEST


def test_polls_in_vain_move_it_to_where_actions_end_and_not_beyond(clock: list[float]) -> None:
    for _ in range(200):
        pace.polled(aged(1.9), ended=False)
    assert pause() == pytest.approx(1.9 * pace.PAST, rel=0.01)
    assert pause("domain.create") == pace.SHORTEST, "each operation has its own"


def test_one_straggler_moves_it_little(clock: list[float]) -> None:
    pace.polled(aged(60, polls=20), ended=False)
    assert pause() < 1.0


def test_what_never_ends_moves_it_to_the_longest_pause_at_most(clock: list[float]) -> None:
    for _ in range(500):
        pace.polled(aged(3600), ended=False)
    assert pause() <= pace.LONGEST


def test_first_polls_that_find_the_end_shorten_it_once_a_pause(clock: list[float]) -> None:
    for _ in range(200):
        pace.polled(aged(1.9), ended=False)
    long = pause()
    for _ in range(50):
        pace.polled(aged(2.0), ended=True)
    assert pause() == pytest.approx(long * pace.SOONER), "those side by side tell the same"
    clock[0] += 3
    pace.polled(aged(2.0), ended=True)
    assert pause() == pytest.approx(long * pace.SOONER**2)


@pytest.mark.parametrize(("age", "polls"), [(60.0, 0), (2.0, 1)])
def test_late_polls_and_later_ones_tell_nothing_of_the_first(
    clock: list[float], age: float, polls: int
) -> None:
    for _ in range(200):
        pace.polled(aged(1.9), ended=False)
    long = pause()
    pace.polled(aged(age, polls), ended=True)
    assert pause() == long
