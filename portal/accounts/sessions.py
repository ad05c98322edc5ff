"""Open sessions: listed, and ended at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone


def end_sessions(person: Any, *, but: str = "") -> int:
    """End every session of the person, except the one of that key; how many. Their next request is a stranger's."""
    ended = 0
    for row in _open(person):
        if row.session_key != but:
            row.delete()
            ended += 1
    UserSession.objects.filter(user=person.pk).exclude(session_key=but).delete()
    return ended


def count(person: Any) -> int:
    """How many sessions of theirs are open."""
    return sum(1 for _ in _open(person))


def _open(person: Any) -> Iterator[Session]:
    """The sessions themselves are asked, not a list beside them: none is forgotten."""
    for row in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if row.get_decoded().get(SESSION_KEY) == str(person.pk):
            yield row
