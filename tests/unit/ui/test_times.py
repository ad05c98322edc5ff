"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal import times

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=61), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=40), "40 d ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_age_in_its_largest_unit(gap: timedelta, words: str) -> None:
    assert times.age(NOW - gap, NOW) == words


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 23, 7, 41, tzinfo=UTC), "09:41"),
        (datetime(2026, 11, 22, 7, 41, tzinfo=UTC), "22 Nov 09:41"),
        (datetime(2025, 11, 22, 7, 41, tzinfo=UTC), "22 Nov 2025 09:41"),
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), "00:30"),
    ],
)
def test_short_time_in_the_zone_of_the_viewer(moment: datetime, text: str) -> None:
    with timezone.override("Africa/Johannesburg"):
        assert times.short(moment, NOW) == text


def test_full_time_names_the_zone() -> None:
    with timezone.override("Africa/Johannesburg"):
        assert times.full(NOW) == "23 November 2026, 14:00:00 SAST"
