"""Open pages ask each second whether something has changed. Mostly nothing has: this tells so before a page is made.

A page's mark ends in a seal over whose page it is and how the open actions that it shows stand. While the seal still
fits, the answer is 204, for the price of the session, what the person holds, and one query. Every twenty seconds or so the
page is made all the same: what others do, and what is only read, shows by then. Nobody can make up a seal, so that this
tells a stranger nothing; and it fits no more once its person may not see those actions any longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from portal import access
from portal.middleware import Next
from provisioning.models import Action

ANEW_EVERY = 20  # seconds
MOST = 100  # open actions on one page
_FACTS = ("pk", "state", "remote_state", "meaning", "words")


def seal(person_id: int | None, actions: Iterable[Action]) -> str:
    """The end of the mark of a page that shows these open actions to that person."""
    return _seal(person_id, [tuple(getattr(action, name) for name in _FACTS) for action in actions])


def _seal(person_id: int | None, facts: Iterable[tuple[object, ...]]) -> str:
    return salted_hmac("portal.unchanged", repr((person_id, sorted(facts)))).hexdigest()[:24]


class Unchanged:
    """Answers 204 in a page's place while what it shows stands as it did. Stands right behind the sign-in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204) if self._is_as_before(request) else self.get_response(request)

    def _is_as_before(self, request: HttpRequest) -> bool:
        sealed = request.GET.get("v", "").partition("_")[2]
        if not sealed or request.method != "GET" or "HX-Request" not in request.headers:
            return False
        ids = [int(word) for word in request.GET.get("open", "").split(",") if _is_id(word)]
        if not ids or len(ids) > MOST or (int(time.time()) + ids[0]) % ANEW_EVERY == 0:
            return False
        if not request.user.is_authenticated:
            return False
        facts = access.own_actions(request).filter(pk__in=ids).values_list(*_FACTS)
        return constant_time_compare(sealed, _seal(request.user.pk, facts))


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 19
