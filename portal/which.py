"""Two things with one GUID: SYNAQ's GUIDs are one connection's own, so that somebody with access to two may meet one twice.

An address then has to say of which connection it speaks: `/on/7/mailboxes/GUID/`. All links and forms of such a page lead
on below `/on/7/`, because Django puts a script's prefix before every address that it makes. Without it, whoever sees two is
asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix, set_script_prefix

from portal import access
from portal.middleware import Next
from provisioning.models import OU

_ADDRESS = re.compile(r"(/on/[0-9]{1,18})(/.*)", re.DOTALL)


class NamedConnection:
    """Takes `/on/7` off the address before anybody else reads it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _ADDRESS.fullmatch(request.path_info)
        if match is None:
            return self.get_response(request)
        before = get_script_prefix()
        request.path_info = match[2]
        set_script_prefix(f"{before.rstrip('/')}{match[1]}/")
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(before)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, access.Ambiguous):
            return None
        context = {"page_title": "Which one?", "choices": _choices(request, error.found)}
        return render(request, "errors/which.html", context, status=300 if request.method == "GET" else 409)


def _choices(request: HttpRequest, found: Iterable[Any]) -> list[dict[str, Any]]:
    """The things, each with its address, and with the OU above it on which the viewer holds a role."""
    paths = {path for path, _, _ in access.grants(request).rows}
    tops = list(OU.objects.filter(path__in=paths).order_by("path"))
    return [
        {
            "thing": thing,
            "top": next((ou for ou in tops if _path(thing).startswith(ou.path)), None),
            "stage": thing.connection.get_stage_display(),
            "url": f"/on/{thing.connection_id}{request.get_full_path()}",
        }
        for thing in found
    ]


def _path(thing: Any) -> str:
    ou: OU = getattr(thing, "ou", None) or thing
    return ou.path
