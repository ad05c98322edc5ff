"""What load balancers, monitors and Prometheus ask. Strangers are told of components, never of resellers or addresses."""

from __future__ import annotations

import hmac
import time
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from portal.access import PUBLIC, policy
from portal.health import exposition
from provisioning import health
from provisioning.health import BAD, OK, Line

YOUNG = 2.0  # seconds for which an answer is given again: asking often costs nothing
_WORDS = {health.OK: "ok", health.WARN: "degraded", health.BAD: "down"}
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_lock = Lock()
_known: tuple[float, list[Line]] = (0.0, [])


@policy(PUBLIC)
@require_GET
def live(request: HttpRequest) -> JsonResponse:
    """Whether this process answers at all: it asks nobody. If not, start it again."""
    return JsonResponse({"web": "ok"})


@policy(PUBLIC)
@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """Whether pages can be served: 503 while the database is away. Dead workers are no reason to keep people out."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseTrouble:
        return JsonResponse({"web": "ok", "database": "down"}, status=503)
    return JsonResponse({"web": "ok", "database": "ok"})


@policy(PUBLIC)
@require_GET
def summary(request: HttpRequest) -> JsonResponse:
    """Every component in a word, and each connection by its number; for how many seconds what is due has waited. 503 only
    while the database is away; with `?strict` unless all is well."""
    known = lines()
    overall = health.worst(line.level for line in known)
    away = any(line.name == "database" and line.level == BAD for line in known)
    said: dict[str, Any] = {"status": _WORDS[overall], **{line.name: _WORDS[line.level] for line in known}}
    for line in known:
        if line.name == "connections":
            said["connection"] = {number: _WORDS[level] for number, level in line.each.items()}
        if "oldest" in line.facts:
            said["oldest_due_seconds"] = round(line.facts["oldest"], 1)
    failed = away or ("strict" in request.GET and overall != OK)
    return JsonResponse(said, status=503 if failed else 200)


def lines() -> list[Line]:
    """Every component, looked up now or a moment ago."""
    global _known
    with _lock:  # who comes meanwhile gets the same answer
        at, known = _known
        if not known or time.monotonic() - at > YOUNG:
            known = health.check()
            _known = (time.monotonic(), known)
    return known


def forget() -> None:
    """The next answer is a new one."""
    global _known
    _known = (0.0, [])


@policy(PUBLIC)
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics, whichever process is asked; 404 for whoever lacks the token."""
    if not _may_scrape(request):
        raise Http404
    return HttpResponse(exposition.text(), content_type=exposition.CONTENT_TYPE)


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if (
        not token
    ):  # `make run` listens on loopback only; a proxy in front would make everybody come from there
        return not settings.PRODUCTION and request.META.get("REMOTE_ADDR") in _LOOPBACK
    said = request.headers.get("Authorization", "")
    return hmac.compare_digest(said.encode(), f"Bearer {token}".encode())
