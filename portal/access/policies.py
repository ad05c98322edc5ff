"""Who may open a view: each states it, and a view that does not is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from portal.access.granted import grants

View = Callable[..., HttpResponseBase]

PUBLIC = "public"
SIGNED_IN = "signed in"


def is_fresh(request: HttpRequest, seconds: int | None = None) -> bool:
    """Whether the person signed in, or proved who they are, within the last so many seconds."""
    records = request.session.get("account_authentication_methods", [])
    latest = max((record.get("at", 0) for record in records), default=0)
    return bool(time.time() - latest < (seconds or settings.FRESH_SECONDS))


def proof_wanted(request: HttpRequest) -> HttpResponseRedirect | None:
    """To the page that asks who it is; None for whoever has proved it lately.

    A form that was opened in time may be sent a while later, so that nothing that was typed is lost.
    """
    if is_fresh(request, settings.FRESH_SECONDS * (3 if request.method == "POST" else 1)):
        return None
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{query}")


def policy(permission: str, *, fresh: bool = False) -> Callable[[View], View]:
    """State who may open a view: PUBLIC, SIGNED_IN, or a permission held on any OU. A view without one is refused.

    `fresh`: besides, they have just proved who they are.
    """

    def wrap(view: View) -> View:
        if permission == PUBLIC:
            view.policy = permission  # type: ignore[attr-defined]
            return view

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if permission != SIGNED_IN and not grants(request).has(permission):
                raise Http404
            wanted = proof_wanted(request) if fresh else None
            return wanted or view(request, *args, **kwargs)

        guarded = login_required(checked)
        guarded.policy = permission  # type: ignore[attr-defined]
        guarded.fresh = fresh  # type: ignore[attr-defined]
        return guarded

    return wrap
