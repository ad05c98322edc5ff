"""What the program really answers with the settings of production: headers, cookies, hosts, proxies, sizes, failures."""

from __future__ import annotations

import http.client
import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession

from dev.ports import LOOPBACK
from portal.accounts.models import Person
from tests.integration.factories import PASSWORD
from tests.integration.security.conftest import HOST, ROOT, SECRET_KEY, Answer, Served, session_of

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = 365 * 24 * 3600


def assert_strict(answer: Answer) -> None:
    """The headers that every answer carries, whatever it is."""
    said = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in said["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert "unsafe" not in said["Content-Security-Policy"]
    assert policy["report-uri"] == "/csp-report/"
    assert said["Reporting-Endpoints"] == f'{policy["report-to"]}="/csp-report/"'
    hsts = said["Strict-Transport-Security"]
    assert int(re.findall(r"max-age=(\d+)", hsts)[0]) >= YEAR
    assert "includeSubDomains" in hsts
    assert said["X-Frame-Options"] == "DENY"
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert said["Cross-Origin-Opener-Policy"] == said["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in said["Permissions-Policy"]
    assert said["Access-Control-Allow-Origin"] is None


def pages(served: Served, person: Person) -> dict[str, Answer]:
    """One of each kind of answer."""
    signed_in = session_of(served.sign_in(person))
    return {
        "sign-in": served.ask("/accounts/login/"),
        "signed in": served.ask("/mailboxes/", Cookie=signed_in),
        "fragment": served.ask("/mailboxes/", Cookie=signed_in, HX_Request="true"),
        "to sign in": served.ask("/mailboxes/"),
        "missing": served.ask("/nowhere/", Cookie=signed_in),
        "without a token": served.ask("/accounts/logout/", form={}, Cookie=signed_in),
        "another host": served.ask("/", Host="evil.example"),
        "health": served.ask("/health"),
    }


def test_every_answer_carries_the_strict_headers_and_stays_in_no_cache(served: Served, admin: Person) -> None:
    found = pages(served, admin)
    statuses = {name: answer.status for name, answer in found.items()}
    assert statuses == {
        **dict.fromkeys(("sign-in", "signed in", "fragment", "health"), 200),
        "to sign in": 302,
        "missing": 404,
        "without a token": 403,
        "another host": 400,
    }
    for answer in found.values():
        assert_strict(answer)
        assert "no-store" in answer.headers["Cache-Control"]


def test_static_files_are_kept_by_browsers_and_strict_all_the_same(served: Served, admin: Person) -> None:
    path = re.findall(r'href="(/static/[^"]+\.css)"', served.ask("/accounts/login/").text)[0]
    answer = served.ask(path)
    assert answer.status == 200
    assert_strict(answer)
    assert "immutable" in answer.headers["Cache-Control"]


def test_cookies_are_of_this_host_alone_and_never_sent_in_the_clear(served: Served, admin: Person) -> None:
    cookies = served.sign_in(admin).cookies
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(cookies)
    for name in ("__Host-sessionid", "__Host-csrftoken"):
        cookie = cookies[name]
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert (cookie["path"], cookie["domain"]) == ("/", ""), name


def test_plain_http_leads_to_https_and_says_nothing_else(served: Served, admin: Person) -> None:
    answer = served.ask("/accounts/login/?next=/mailboxes/", X_Forwarded_Proto="http")
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/accounts/login/?next=/mailboxes/"
    assert not answer.cookies


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"{HOST}.evil.example", f"evil.example#{HOST}", ""],
)
def test_a_host_that_is_not_ours_is_refused(served: Served, admin: Person, host: str) -> None:
    answer = served.ask("/accounts/login/", Host=host)
    assert answer.status == 400
    assert "evil" not in answer.text


def test_a_forwarded_host_is_not_believed(served: Served, admin: Person) -> None:
    answer = served.ask("/mailboxes/", X_Forwarded_Host="evil.example", Forwarded="host=evil.example")
    assert answer.status == 302
    assert "evil" not in str(answer.headers) + answer.text


def test_of_forwarded_addresses_only_the_proxys_own_word_is_believed(served: Served, admin: Person) -> None:
    answer = served.sign_in(admin, X_Forwarded_For="198.51.100.66, 203.0.113.9")
    assert answer.status == 302
    served.ask("/mailboxes/", Cookie=session_of(answer), X_Forwarded_For="198.51.100.66, 203.0.113.9")
    assert set(UserSession.objects.values_list("ip", flat=True)) == {"203.0.113.9"}


def test_a_body_larger_than_any_file_is_refused_before_it_is_read(served: Served, admin: Person) -> None:
    wire = http.client.HTTPConnection(LOOPBACK, served.port, timeout=10)
    wire.putrequest("POST", "/accounts/login/", skip_host=True)
    for name, value in (("Host", HOST), ("X-Forwarded-Proto", "https"), ("Content-Length", str(10**10))):
        wire.putheader(name, value)
    wire.endheaders()
    answer = wire.getresponse()
    assert answer.status == 413
    assert b"at most 4 MB" in answer.read()
    wire.close()


def test_no_page_about_a_failure_tells_of_the_inside(served: Served, admin: Person) -> None:
    for answer in pages(served, admin).values():
        for word in ("Traceback", "DEBUG", SECRET_KEY, "postgresql://", str(ROOT), "site-packages"):
            assert word not in answer.text
        assert answer.headers["X-Powered-By"] is None


def test_the_log_holds_neither_queries_nor_links_that_let_somebody_in(served: Served, admin: Person) -> None:
    token = "tok3n-that-lets-somebody-in"
    served.ask("/nowhere/?q=typed-by-somebody")
    served.ask(f"/invitation/{token}/", method="PUT")
    served.ask(f"/accounts/password/reset/key/1-{token}/", method="DELETE")
    log = served.log.read_text()
    assert "/nowhere/" in log
    assert "/invitation/***" in log
    assert "typed-by-somebody" not in log
    assert token not in log


def test_a_session_known_before_signing_in_is_worth_nothing_afterwards(served: Served, admin: Any) -> None:
    known = session_of(served.ask("/invitation/any-link-makes-a-session/"))
    token = served.ask("/accounts/login/").cookies["__Host-csrftoken"].value
    form = {"login": admin.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = served.ask("/accounts/login/", form=form, Cookie=f"__Host-csrftoken={token}; {known}")
    assert answer.status == 302
    assert session_of(answer) != known
    assert served.ask("/mailboxes/", Cookie=session_of(answer)).status == 200
    assert served.ask("/mailboxes/", Cookie=known).status == 302


def test_a_session_is_dead_after_signing_out_and_an_invented_one_never_lives(
    served: Served, admin: Any
) -> None:
    session = session_of(served.sign_in(admin))
    token = served.ask("/accounts/login/").cookies["__Host-csrftoken"].value
    cookies = f"__Host-csrftoken={token}; {session}"
    assert served.ask("/accounts/logout/", form={"csrfmiddlewaretoken": token}, Cookie=cookies).status == 302
    assert served.ask("/mailboxes/", Cookie=session).status == 302
    invented = served.ask("/mailboxes/", Cookie="__Host-sessionid=abcdefghijklmnopqrstuvwxyz012345")
    assert invented.status == 302
