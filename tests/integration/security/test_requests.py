"""Requests as an attacker would send them: without a token, from elsewhere, with addresses that lead away."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal import access, csp_reports
from portal.csp_reports import MOST_BYTES, Gate
from tests.integration.factories import PASSWORD, fresh, make_domain, make_mailbox, make_ou, make_person
from tests.integration.security.conftest import HOST

pytestmark = pytest.mark.django_db
AWAY = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "\x00//evil.example",
    "http:///evil.example",
)


def signed_in(role: str = "support", **client: Any) -> Client:
    made = Client(**client)
    made.force_login(make_person(role, make_ou()))
    return fresh(made)


def leads_away(answer: Any) -> bool:
    said = [answer.headers.get(name, "") for name in ("Location", "HX-Redirect", "HX-Location")]
    return any("evil" in one or "javascript" in one for one in said)


@pytest.mark.parametrize("to", AWAY)
def test_no_next_leads_to_another_site(to: str) -> None:
    stranger = Client()
    person = make_person("company_admin", make_ou())
    form = {"login": person.email, "password": PASSWORD, "next": to}
    answers = [stranger.post(f"/accounts/login/?next={to}", form)]
    inside = signed_in()
    again = {"password": PASSWORD, "next": to}
    answers += [
        inside.get("/accounts/login/", {"next": to}),
        inside.post("/accounts/reauthenticate/", again),
        inside.post(reverse("theme"), {"theme": "dark", "next": to}),
        inside.post(reverse("columns", args=["mailboxes"]), {"column": "state", "next": to}),
        inside.post("/accounts/logout/", {"next": to}),
    ]
    assert not [answer for answer in answers if leads_away(answer)]


def test_a_page_of_another_site_that_htmx_claims_to_come_from_leads_nowhere() -> None:
    answer = Client().get("/mailboxes/", headers={"HX-Request": "true", "HX-Current-URL": AWAY[0]})
    assert not leads_away(answer)


@pytest.fixture
def strict() -> Client:
    """A browser of which the token is asked, as of any; the test client else has none to show."""
    return signed_in(enforce_csrf_checks=True)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_nothing_is_changed_without_the_token(strict: Client, headers: dict[str, str]) -> None:
    domain = make_domain(make_ou())
    box = make_mailbox(domain)
    for path in (f"/mailboxes/{box.guid}/", "/theme/", "/accounts/logout/", "/looks/stop/", "/people/"):
        assert strict.post(path, {"theme": "dark"}, headers=headers).status_code == 403, path
        assert strict.post(path, headers={**headers, "X-CSRFToken": "a" * 64}).status_code == 403, path


def test_htmx_shows_the_token_of_the_page_and_it_is_worth_nothing_elsewhere(strict: Client) -> None:
    page = strict.get("/activity/").content.decode()
    token = page.split('X-CSRFToken": "')[1].split('"')[0]
    live = {"HX-Request": "true", "X-CSRFToken": token}
    sent = {"theme": "dark", "next": "/"}
    assert strict.post("/theme/", sent, headers=live).status_code == 303
    assert strict.post("/theme/", sent, headers={**live, "Origin": "https://evil.example"}).status_code == 403
    other = signed_in(enforce_csrf_checks=True)
    other.get("/activity/")
    assert other.post("/theme/", sent, headers=live).status_code == 403


def test_a_failure_shows_neither_its_trace_nor_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("s3cret-in-a-failure")

    client = signed_in(raise_request_exception=False)
    monkeypatch.setattr(access, "grants", stumble)
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.get("/", headers=headers)
        text = answer.content.decode()
        assert answer.status_code == 500
        assert "s3cret" not in text
        assert "Traceback" not in text
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]


REPORT = {
    "document-uri": f"https://{HOST}/invitation/tok3n/?q=typed",
    "blocked-uri": "https://evil.example/a.js?stolen=s3cret",
    "effective-directive": "script-src",
    "script-sample": "s3cret-sample",
}
NEWER = {
    "documentURL": REPORT["document-uri"],
    "blockedURL": REPORT["blocked-uri"],
    "effectiveDirective": "script-src",
    "sample": "s3cret-sample",
}


def tell(body: Any, kind: str = "application/csp-report", **client: Any) -> int:
    sent = body if isinstance(body, bytes) else json.dumps(body)
    return Client(**client).post("/csp-report/", sent, content_type=kind).status_code


@pytest.fixture
def open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csp_reports, "gate", Gate(20))


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"csp-report": REPORT}, "application/csp-report"),
        ([{"type": "csp-violation", "body": NEWER}], "application/reports+json"),
    ],
)
def test_a_browsers_report_is_one_line_without_queries_and_samples(
    caplog: pytest.LogCaptureFixture, body: Any, kind: str
) -> None:
    assert tell(body, kind, enforce_csrf_checks=True) == 204
    lines = [record.getMessage() for record in caplog.records if "csp report" in record.getMessage()]
    assert len(lines) == 1
    assert "https://evil.example/a.js" in lines[0]
    for secret in ("s3cret", "typed", "tok3n"):
        assert secret not in caplog.text


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * (MOST_BYTES + 1), "application/csp-report", 413),
        (b"nonsense", "application/csp-report", 400),
        (b"[" * 10_000, "application/csp-report", 400),
        (b"\xff\xfe", "application/reports+json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (
            [{"body": 7}, "x", None, {"body": {"documentURL": ["x"], "blockedURL": {}}}],
            "application/json",
            204,
        ),
        ({"csp-report": {"document-uri": "http://[::1", "blocked-uri": "data:text/html,s3cret"}}, None, 204),
    ],
)
def test_what_is_no_report_does_no_harm(
    caplog: pytest.LogCaptureFixture, body: Any, kind: str | None, status: int
) -> None:
    assert tell(body, kind or "application/csp-report") == status
    assert "s3cret" not in caplog.text


def test_a_flood_of_reports_fills_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(csp_reports, "gate", Gate(3))
    caplog.set_level(logging.WARNING, "portal.csp_reports")
    answers = [tell({"csp-report": REPORT}) for _ in range(30)]
    assert answers[:3] == [204] * 3
    assert 429 in answers
    ours = [record for record in caplog.records if record.name == "portal.csp_reports"]
    assert len(ours) < 10


def test_reports_are_told_by_post_alone() -> None:
    assert Client().get("/csp-report/").status_code == 405
