"""How far off a date is, as the calendar counts it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from portal.times import countdown

NOON = datetime(2026, 11, 23, 12, 0)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (datetime(2026, 11, 23, 12, 0), "due now"),
        (datetime(2026, 11, 22, 23, 0), "due now"),
        (datetime(2026, 11, 23, 23, 59), "today"),
        (datetime(2026, 11, 24, 0, 1), "tomorrow"),
        (datetime(2026, 12, 23, 9, 0), "in 30 days"),
    ],
)
def test_days_are_counted_by_midnights_not_by_hours(due: datetime, words: str) -> None:
    assert countdown(timezone.make_aware(due), timezone.make_aware(NOON)) == words
