"""Browsers tell here what the content security policy kept from a page: one line in the log, nothing is stored."""

from __future__ import annotations

import json
import time
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.access import PUBLIC, policy
from portal.logs import masked
from portal.security import body_size

log = structlog.get_logger(__name__)

MOST_BYTES = 16_384
MOST_A_MINUTE = 30  # of one process: whoever sends more only fills a log
_MOST_AT_ONCE = 5
_LONGEST = 200
_TYPES = ("application/csp-report", "application/reports+json", "application/json")


class Gate:
    """Lets so many through a minute, and says once that it shuts."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._minute, self._count = 0, 0

    def opens(self) -> bool:
        with self._lock:
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._count = minute, 0
            self._count += 1
            if self._count == self._most + 1:
                log.warning("csp reports dropped", most_a_minute=self._most)
            return self._count <= self._most


gate = Gate(MOST_A_MINUTE)


@policy(PUBLIC)
@csrf_exempt  # the browser sends it by itself, without a form's token; nothing is changed by it
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Take a report in either of the two shapes that browsers send. Whatever else comes is refused unread."""
    if request.content_type not in _TYPES:
        return HttpResponse(status=415)
    if body_size(request) > MOST_BYTES:
        return HttpResponse(status=413)
    if not gate.opens():
        return HttpResponse(status=429)
    try:
        told = _reports(json.loads(request.body))
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for one in told[:_MOST_AT_ONCE]:
        log.warning("csp report", **_line(one))
    return HttpResponse(status=204)


def _reports(body: Any) -> list[dict[str, Any]]:
    """The reports in it: `{"csp-report": {…}}`, or `[{"type": "csp-violation", "body": {…}}, …]`."""
    rows = body if isinstance(body, list) else [body]
    found = [row.get("csp-report") or row.get("body") for row in rows if isinstance(row, dict)]
    return [one for one in found if isinstance(one, dict)]


def _line(told: dict[str, Any]) -> dict[str, str]:
    """What is logged of one. Never the sample of the script, nor what stands behind a `?`: either may hold a secret."""
    return {
        "page": _address(told.get("document-uri") or told.get("documentURL")),
        "blocked": _address(told.get("blocked-uri") or told.get("blockedURL")),
        "directive": _words(told.get("effective-directive") or told.get("effectiveDirective")),
    }


def _address(said: object) -> str:
    try:
        parts = urlsplit(_words(said, 2_000))
        host = parts.hostname or ""
    except ValueError:
        return "unreadable"
    if not host:
        return parts.scheme or masked(parts.path)[:40]  # "data" without what it held; "inline", "eval"
    return f"{parts.scheme}://{host}{masked(parts.path)}"[:_LONGEST]


def _words(said: object, longest: int = _LONGEST) -> str:
    return said[:longest] if isinstance(said, str) else ""
