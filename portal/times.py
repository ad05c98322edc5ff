"""Points in time as people read them: short, in their zone, the zone named in full where there is room."""

from datetime import datetime, timedelta

from django.utils import timezone

_STEPS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (float("inf"), 86400, "d"))


def short(moment: datetime, now: datetime | None = None) -> str:
    """`09:41` today, `22 Nov 09:41` this year, `22 Nov 2025 09:41` before; in the viewer's zone."""
    local = timezone.localtime(moment)
    today = timezone.localtime(now or timezone.now())
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == today.year else f"{local.day} {local:%b %Y %H:%M}"


def exact(moment: datetime, now: datetime | None = None) -> str:
    """As `short`, with the seconds: for what follows within a minute."""
    return f"{short(moment, now)}:{timezone.localtime(moment):%S}"


def full(moment: datetime) -> str:
    """`22 November 2026, 09:41:07 SAST`: nothing left to guess."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y, %H:%M:%S %Z}"


def age(moment: datetime, now: datetime | None = None) -> str:
    """`just now`, `3 min ago`, `in 2 h`.

    No seconds: a live fragment must not change merely because time passes.
    """
    gap = (now or timezone.now()) - moment
    if abs(gap) < timedelta(minutes=1):
        return "just now"
    words = span(gap)
    return f"{words} ago" if gap > timedelta(0) else f"in {words}"


def countdown(moment: datetime, now: datetime | None = None) -> str:
    """How far off a date is, in days as the calendar counts them: `today`, `tomorrow`, `in 29 days`, `due now`."""
    present = now or timezone.now()
    days = (timezone.localtime(moment).date() - timezone.localtime(present).date()).days
    if moment <= present:
        return "due now"
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def span(gap: timedelta) -> str:
    """A length of time in its largest unit: `40 s`, `3 min`, `2 h`, `5 d`."""
    seconds = abs(gap.total_seconds())
    size, unit = next((size, unit) for limit, size, unit in _STEPS if seconds < limit)
    return f"{int(seconds // size)} {unit}"
