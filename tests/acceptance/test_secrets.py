"""Secrets that went through the running program are nowhere afterwards: not in the database, Redis, logs, mails or pages.

The stack is the one of all browser tests: what their journeys typed is looked for too, when they ran before.
"""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Iterator
from secrets import token_hex
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg
import pytest
import redis
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.acceptance import test_invitation, test_journey
from tests.acceptance.person import of_mirror
from tests.acceptance.stack import Stack
from tests.acceptance.visits import Visit, number_in

OF_MAILBOX = 'Pl4nted-b&x"1'
OF_FILE = "Pl4nted-f1le-2"
OF_FIELD = "Pl4nted-f1eld-3"
OF_CONNECTION = "pl4nted-c0nnection-key-4"
OF_PERSON = "pl4nted person pass 5"
MISTYPED = "pl4nted mistyped pass 6"
ELSEWHERE = "pl4nted-in-an-address-7"
RUN = token_hex(3)  # of names that can be taken once only
_DOMAIN = (
    "SELECT d.guid, d.name FROM provisioning_domain d JOIN provisioning_domainlink l ON l.domain_id = d.id "
    "JOIN provisioning_package p ON p.id = l.package_id WHERE d.gone_at IS NULL AND {which} ORDER BY d.name LIMIT 1"
)
IN_SERVICE = "d.state = 'active' AND p.code LIKE 'SYN-CM%'"
TO_FILL_IN = "d.state = 'inactive' AND d.fields::text LIKE '%\"password\"%'"


def spellings(secret: str) -> set[str]:
    """However something may have written it down."""
    raw = secret.encode()
    quoted = {json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe=""), quote_plus(secret)}
    return {secret, *quoted, raw.hex(), base64.b64encode(raw).decode()}


def whole_database(stack: Stack) -> str:
    """Every row of every table as text; what is binary is there in hexadecimal."""
    tables = [
        name for (name,) in of_mirror(stack, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    assert len(tables) > 30
    with psycopg.connect(stack.database_url) as connection:
        rows = [
            row
            for table in tables
            for (row,) in connection.execute(f'SELECT t::text FROM "{table}" t'.encode())
        ]
    return "\n".join(rows)


def whole_redis(stack: Stack) -> str:
    """Every key with what it holds, read by its type."""
    server: Any = redis.Redis.from_url(stack.redis_url)
    read = {
        b"string": server.get,
        b"list": lambda key: server.lrange(key, 0, -1),
        b"set": server.smembers,
        b"hash": server.hgetall,
        b"zset": lambda key: server.zrange(key, 0, -1, withscores=True),
    }
    said = [(key, read[server.type(key)](key)) for key in server.scan_iter()]
    return repr(said)


def whole_log(stack: Stack) -> str:
    """Of every process, the database's and Redis' own too; and what the launcher printed."""
    texts = [path.read_text(errors="replace") for path in sorted((stack.state / "logs").iterdir())]
    assert len(texts) >= 6
    return "\n".join([*texts, stack.output()])


def domain(stack: Stack, which: str) -> tuple[str, str]:
    """GUID and name."""
    ((guid, name),) = of_mirror(stack, _DOMAIN.format(which=which))
    return str(guid), str(name)


def make_mailbox(support: Visit, stack: Stack) -> None:
    guid, name = domain(stack, IN_SERVICE)
    form = {"email_local": f"planted-{RUN}", "last_name": "Nkosi", "password": OF_MAILBOX}
    assert support.send(f"/mailboxes/new/{guid}/", **form).ok
    ended = f"SELECT 1 FROM provisioning_mailbox WHERE email = 'planted-{RUN}@{name}'"
    stack.wait_until(lambda: of_mirror(stack, ended), 30, "the mailbox")


def import_file(support: Visit, stack: Stack) -> list[str]:
    """A file with a password in it, and one that is made; those that were made."""
    _, name = domain(stack, IN_SERVICE)
    rows = f"Email,Last name,Password\none-{RUN}@{name},One,{OF_FILE}\ntwo-{RUN}@{name},Two,\n"
    draft = support.send("/mailboxes/import/", text=rows).url
    assert OF_FILE not in support.http.get(draft, timeout=20).text
    path = draft.removeprefix(stack.web_url)
    support.send(path, do="run")
    lines = support.send(path, f"{path}passwords/").text.splitlines()[1:]
    assert len(lines) == 1
    ended = f"SELECT 1 FROM provisioning_mailbox WHERE email IN ('one-{RUN}@{name}', 'two-{RUN}@{name}')"
    stack.wait_until(lambda: len(of_mirror(stack, ended)) == 2, 30, "the imported mailboxes")
    return [line.split(",")[1] for line in lines]


def fill_service_field(support: Visit, stack: Stack) -> None:
    guid, _ = domain(stack, TO_FILL_IN)
    page = f"/domains/{guid}/fields/"
    stack.wait_until(lambda: 'type="password"' in support.open(page).text, 30, "the service fields")
    names = re.findall(r'<input type="password"\s+name="([^"]+)"', support.open(page).text)
    answer = support.send(page, **dict.fromkeys(names, OF_FIELD))
    assert names
    assert answer.url.endswith(f"/domains/{guid}/")


def add_connection(owner: Visit, stack: Stack) -> None:
    """SYNAQ refuses its key, and then another one."""
    facts = {
        "name": "Planted",
        "base_url": stack.sandbox_url,
        "api_user": RUN,
        "reseller_guid": RUN,
    }
    page = owner.send("/connections/new/", **facts, key=OF_CONNECTION).url
    number = number_in(page)
    tried = f"SELECT 1 FROM provisioning_connection WHERE id = {number} AND check_ok IS NOT NULL"
    stack.wait_until(lambda: of_mirror(stack, tried), 30, "the try of the connection")
    owner.send(f"/connections/{number}/edit/", key=f"{OF_CONNECTION}-new")
    assert OF_CONNECTION not in owner.open(f"/connections/{number}/edit/").text


def invite(owner: Visit, stack: Stack) -> str:
    """Somebody is invited and joins with a password of their own; the token of the link."""
    ((guid,),) = of_mirror(
        stack, "SELECT guid FROM provisioning_ou WHERE type = 'company' ORDER BY id LIMIT 1"
    )
    asked = {"email": f"planted-{RUN}@customer.test", "name": "Planted", "role": "company_helpdesk"}
    owner.send(f"/people/invite/{guid}/", **asked)
    found = re.findall(r"/invitation/([\w-]+)/", stack.log("web"))
    joined = Visit(stack)
    joined.open(f"/invitation/{found[-1]}/")
    joined.send("/invitation/", name="Planted", password=OF_PERSON)
    assert joined.open("/mailboxes/").ok
    return str(found[-1])


def reset_link(stack: Stack, email: str) -> str:
    """The token of a link that sets a new password; it is not used."""
    Visit(stack).send("/accounts/password/reset/", email=email)
    pattern = r"/accounts/password/reset/key/\w+?-([\w-]+)/"
    stack.wait_until(lambda: re.findall(pattern, stack.log("web")), 15, "the mail")
    return str(re.findall(pattern, stack.log("web"))[-1])


def set_up_factor(person: Visit) -> list[str]:
    """Seed and recovery codes."""
    path = "/accounts/second-factor/app/add/"
    page = person.open(path)
    seed = re.findall(r'<code class="text-break">(\w+)</code>', page.text)[-1]
    code = format_hotp_value(hotp_value(seed, int(time.time()) // 30))
    codes = re.findall(r"<li>\s*<code>([^<]+)</code>", person.send_from(page, path, code=code).text)
    assert len(codes) == 10
    return [seed, *codes]


def stumble(person: Visit, stack: Stack) -> str:
    """Pages about failures, with secrets in what was asked; all that they show."""
    token = person.http.cookies["csrftoken"]
    answers = [
        person.open(f"/nowhere/?password={ELSEWHERE}"),
        person.http.post(f"{stack.web_url}/theme/?key={ELSEWHERE}", data={"password": ELSEWHERE}, timeout=20),
        person.http.post(
            f"{stack.web_url}/theme/",
            data={"csrfmiddlewaretoken": token, "theme": ELSEWHERE},
            timeout=20,
        ),
        person.http.get(f"{stack.web_url}/", headers={"Host": "evil.example"}, timeout=20),
    ]
    assert [answer.status_code for answer in answers] == [404, 403, 404, 400]
    return "\n".join(answer.text for answer in answers)


@pytest.fixture
def tidy(stack: Stack) -> Iterator[None]:
    """Other tests sign in without a second factor."""
    yield
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("DELETE FROM mfa_authenticator")


@pytest.mark.usefixtures("tidy")
def test_planted_secrets_are_nowhere_after_the_full_journey(stack: Stack) -> None:
    people = stack.sign_ins
    owner, support = Visit(stack, people["owner"]), Visit(stack, people["support"])
    night = Visit(stack, people["support_nobill"])
    Visit(stack).sign_in(people["auditor"].email, MISTYPED)
    make_mailbox(support, stack)
    made = import_file(support, stack)
    fill_service_field(support, stack)
    add_connection(owner, stack)
    links = [invite(owner, stack), reset_link(stack, people["auditor"].email)]
    factor = set_up_factor(night)
    pages = stumble(support, stack)

    typed = [OF_MAILBOX, OF_FILE, OF_FIELD, OF_CONNECTION, OF_PERSON, MISTYPED, ELSEWHERE]
    journeys = [test_journey.PASSWORD, "smtpPassw0rd!", test_invitation.PASSWORD, test_invitation.FOR_MAIL]
    secrets = [*typed, *made, *factor, *journeys]
    sessions = [visit.http.cookies["sessionid"] for visit in (owner, support, night)]
    key = re.findall(r"SANDBOX_KEY=(\S+)", (stack.state / "secrets.env").read_text())[0].strip("'\"")
    log = whole_log(stack)
    places = {"database": whole_database(stack), "redis": whole_redis(stack), "log": log, "pages": pages}
    hidden = {
        "database": [*secrets, *links, key, *(people[role].password for role in people)],
        "redis": [*secrets, *links, *sessions, key],
        "log": [*secrets, *sessions, key],
        "pages": [*secrets, *links, *sessions],
    }
    assert f"planted-{RUN}@customer.test" in places["database"], "what is no secret is found"
    found = {(place, secret) for place in places for secret in hidden[place] if shows(places[place], secret)}
    assert found == set(), sorted(found)
    for link in links:
        assert log.count(link) == 1, "in the mail, which is printed in development, and in no line of the log"


def shows(text: str, secret: str) -> bool:
    return any(spelled in text for spelled in spellings(secret))
