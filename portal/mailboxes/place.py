"""Where a mailbox stands: itself within scope, the way to it, and who is before it in line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access, inflight
from portal.activity import present
from portal.http import label
from portal.mailboxes import overview
from provisioning.models import Mailbox


def get(request: HttpRequest, guid: str) -> Mailbox:
    """The mailbox, if it is in the person's scope; else 404."""
    found: Mailbox = access.get(access.mailboxes(request).select_related("ou", "domain"), guid)
    return found


def above(request: HttpRequest, mailbox: Mailbox, *, below: bool = False) -> dict[str, Any]:
    """What every page of a mailbox shows around it; `below`: of a page that hangs on the mailbox's own."""
    seen = overview.sees(request, mailbox)
    crumbs = [] if seen["ous"] and seen["domains"] else [("Mailboxes", reverse("mailboxes:list"))]
    if not crumbs:
        crumbs = [
            ("Companies", reverse("ous:list")),
            (mailbox.ou.title, reverse("ous:detail", args=[mailbox.ou.guid])),
            (mailbox.domain.name, reverse("domains:detail", args=[mailbox.domain.guid])),
        ]
    home = reverse("mailboxes:detail", args=[mailbox.guid])
    if below:
        crumbs.append((mailbox.email, home))
    return {"page_title": mailbox.email, "crumbs": crumbs, "mailbox": mailbox, "cancel_url": home}


def said_with_line(request: HttpRequest, mailbox: Mailbox, said: str) -> str:
    """The sentence; and for what stands in line, which action comes before it and who asked for that."""
    waiting = [action for action in inflight.on(request, mailbox) if action.is_open][1:]
    if not waiting:
        return said
    before = waiting[-1]
    return f"{said} It waits for {label(before)}, which {present.row(before)['actor']} asked for."
