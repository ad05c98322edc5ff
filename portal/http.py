"""Pages and fragments: one URL, one view, either whole or only the part that moves."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.http import trigger_client_event

from portal import unchanged, words
from portal.bell import counts
from portal.context import shell
from provisioning.models import Action
from provisioning.operations import OPERATIONS

_NO_BANNER = '<div hx-swap-oob="innerHTML:#connection-banner"></div>'
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


def live_page(
    request: HttpRequest,
    page: str,
    fragment: str,
    context: Mapping[str, Any],
    actions: Iterable[Action] = (),
    *,
    moving: bool = False,
) -> HttpResponse:
    """The page, or for HTMX its one live fragment.

    The fragment asks for itself each second while one of `actions` is open (or `moving`), sends the mark of what it
    shows, and gets 204 when that is unchanged: focus and selection stay. Its last markup asks no more. The bell and the
    banner of a broken connection ride along, so that nothing else on the page asks.
    """
    open_now = [action for action in actions if action.is_open]
    inner = render_to_string(fragment, dict(context), request)
    bell = counts.of(request)
    live = moving or any(action.state != Action.State.UNCONFIRMED or action.next_at for action in open_now)
    banner = riding_banner(request)
    mark = _mark(f"{inner}{bell}{banner}") if live else ""
    # Where only these actions move, the seal spares the making of the page while they stand as they do
    sealed = f"{mark}_{unchanged.seal(request.user.pk, open_now)}" if open_now and not moving else mark
    vals = json.dumps({"v": sealed, "open": ",".join(str(action.pk) for action in open_now)})
    around = {**context, "fragment": inner, "live": live, "live_vals": vals, "live_url": _own_url(request)}
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, page, around)
    if live and request.GET.get("v", "").partition("_")[0] == mark:
        return HttpResponse(status=204)
    around |= {"bell": bell, "bell_rides": True, "bell_asks": bool(bell and bell.moving and not live)}
    response = render(request, "components/live.html", around)
    response.write(render_to_string("components/bell.html", around, request))
    response.write(banner)
    said = _ended_since(request, actions)
    return trigger_client_event(response, "announce", {"text": said}) if said else response


def riding_banner(request: HttpRequest) -> str:
    """What every page says while calls to SYNAQ are held back, or its taking back, beside a fragment."""
    if not shell(request)["connection_banner"]:
        return _NO_BANNER  # as the template draws it
    return render_to_string("components/connection_banner.html", {"banner_rides": True}, request)


def _mark(inner: str) -> str:
    """What is shown, in short. A form's token is masked anew on each rendering and shows nothing."""
    return hashlib.sha1(_TOKEN.sub("", inner).encode(), usedforsecurity=False).hexdigest()[:16]


def _own_url(request: HttpRequest) -> str:
    query: QueryDict = request.GET.copy()
    for name in ("v", "open"):
        query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _ended_since(request: HttpRequest, actions: Iterable[Action]) -> str:
    """One sentence for assistive technology about each action that the page knew as open and that has ended."""
    before = set(request.GET.get("open", "").split(","))
    ended = [action for action in actions if str(action.pk) in before and not action.is_open]
    return " ".join(
        f"{label(action)} {action.title}: {words.action_word(action.state).label}." for action in ended
    )


def label(action: Action) -> str:
    """What the action is called on the screen."""
    operation = OPERATIONS.get(action.operation)
    return operation.label if operation else action.operation


def submission(request: HttpRequest) -> uuid.UUID:
    """The form's own mark: a form sent twice carries the same one. Without a sound one, this sending stands alone."""
    try:
        return uuid.UUID(str(request.POST.get("submission", "")))
    except ValueError:
        return uuid.uuid4()


def after_post(request: HttpRequest, to: str, said: str = "") -> HttpResponse:
    """See other: the back button and reload do not send the form again."""
    if said:
        messages.success(request, said)
    return HttpResponseRedirect(to, status=303)
