"""The portal as production runs it: its own process, its own settings, behind one reverse proxy that is played here."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from dev.ports import LOOPBACK, free_port
from portal.accounts.models import Person
from tests.integration.factories import PASSWORD, make_ou, make_person

ROOT = Path(__file__).resolve().parents[3]
HOST = "portal.example"
SECRET_KEY = "a-key-of-production-0123456789-abcdefghijklmnop"
_GUNICORN = ("-m", "gunicorn", "portal.wsgi:application", "--worker-class", "gthread", "--threads", "4")


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def cookies(self) -> SimpleCookie:
        found = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie", []):
            found.load(line)
        return found


class Served:
    """One running web server; `ask` it as the proxy in front would."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    def ask(
        self, path: str, *, method: str = "GET", form: dict[str, str] | None = None, **headers: str
    ) -> Answer:
        """Headers by name, `_` for `-`. Without others: over https, by the right name."""
        sent = {"Host": HOST, "X-Forwarded-Proto": "https", "Referer": f"https://{HOST}/"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = urlencode(form) if form is not None else None
        if form is not None:
            method, sent["Content-Type"] = "POST", "application/x-www-form-urlencoded"
        wire = http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)
        try:
            wire.request(method, path, body, sent)
            got = wire.getresponse()
            return Answer(got.status, got.headers, got.read().decode(errors="replace"))
        finally:
            wire.close()

    def sign_in(self, person: Person, **headers: str) -> Answer:
        """The answer to address and password; its cookies are those of somebody who is signed in."""
        token = self.ask("/accounts/login/").cookies["__Host-csrftoken"].value
        form = {"login": person.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
        return self.ask("/accounts/login/", form=form, Cookie=f"__Host-csrftoken={token}", **headers)


def session_of(answer: Answer) -> str:
    """As a Cookie header."""
    return f"__Host-sessionid={answer.cookies['__Host-sessionid'].value}"


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("production"), free_port()
    environment = _environment(folder)
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=environment, check=True)
    with (folder / "web.log").open("wb") as log:
        argv = [sys.executable, *_GUNICORN, "--no-control-socket", "--bind", f"{LOOPBACK}:{port}"]
        process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            running = Served(port, folder / "web.log")
            _wait(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _environment(folder: Path) -> dict[str, str]:
    database = settings.DATABASES["default"]
    address = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "REDIS_URL")
    }
    return {
        **kept,
        "MAILROOM_ENV": "production",
        "SECRET_KEY": SECRET_KEY,
        "SEAL_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": HOST,
        "PORTAL_URL": f"https://{HOST}",
        "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@{address}",
        "STATIC_ROOT": str(folder / "static"),
        "TRUSTED_PROXIES": "1",
    }


def _wait(running: Served, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            running.ask("/accounts/login/")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(running.log.read_text())


@pytest.fixture
def admin(transactional_db: Any) -> Person:
    """A company's admin, of whom no second factor is asked, with a password as production keeps it."""
    person = make_person("company_admin", make_ou(parent=make_ou()))
    person.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-this-test")
    person.save()
    return person
