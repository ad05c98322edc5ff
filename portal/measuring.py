"""How many requests, how long they take, how many are under way; told to Postgres by one thread of each web process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.http import HttpRequest, HttpResponse

from portal.logs import reference
from portal.middleware import Next
from provisioning import heartbeats, tallies

log = structlog.get_logger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class UnderWay:
    """A count that several threads change."""

    def __init__(self) -> None:
        self._lock, self.now = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


under_way = UnderWay()


class Measure:
    """Counts each request by its route's name, never by its address. What changes something is a line in the log."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        with under_way:
            response = self.get_response(request)
        _count(request, response, time.monotonic() - began)
        if number := reference():
            response["X-Request-ID"] = number
        return response


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    route = match.view_name if match and match.view_name else "none"
    method = request.method if request.method in _METHODS else "other"
    status = f"{response.status_code // 100}xx"
    tallies.add("mailroom_http_requests", route=route, method=method or "other", status=status)
    tallies.observe("mailroom_http_request_seconds", seconds, route=route)
    if request.method not in _READING:
        ms = round(seconds * 1000, 1)
        log.info("request", method=method, path=request.path, route=route, status=response.status_code, ms=ms)


class Reporting:
    """Around the WSGI application of a real server: the first request of a process starts its reporter."""

    def __init__(self, application: Wsgi) -> None:
        self._application, self._process = application, 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._process != os.getpid():
            self._begin()
        return self._application(environ, start_response)

    def _begin(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=_report_for_ever, name="reporter", daemon=True).start()


def _report_for_ever() -> None:
    while True:
        report()
        time.sleep(heartbeats.EVERY)


def report() -> None:
    """One sign of life, and what was counted. Never raises: while the database is away, the counts are kept."""
    try:
        heartbeats.give(heartbeats.WEB, heartbeats.here(), under_way=under_way.now)
        tallies.flush()
    except DatabaseTrouble as error:
        log.warning("nothing reported: the database is away", error=type(error).__name__)
        if not connection.in_atomic_block:
            connection.close()
