"""The table of settings, and what production refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env

ROOT = Path(__file__).resolve().parents[3]
SOUND = {
    "MAILROOM_ENV": "production",
    "SECRET_KEY": "q8Zt3-vN1xRb7Wm0pLc5Ks9Yd2Hf6Jg4Aa_Uu-Oo-Ee-Ii",
    "SEAL_KEYS": "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyMTI=",
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DEBUG": "false",
    "MAILROOM_INSECURE_HTTP": "false",
}


def test_the_documented_table_is_the_table() -> None:
    assert env.as_markdown() in (ROOT / "docs/settings.md").read_text()


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    names = {row.name for row in env.TABLE}
    read = set()
    for path in (ROOT / "portal").rglob("*.py"):
        read |= set(re.findall(r'env\.(?:text|flag|number|words)\("([A-Z_]+)"\)', path.read_text()))
    assert read
    assert read <= names


def start(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in {**SOUND, **changed}.items():
        monkeypatch.setenv(name, value)
    env.refuse_unsafe()


def test_production_starts_with_sound_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghijklmnopqrstuvwxyz0123456789"}, "SECRET_KEY"),
        ({"SEAL_KEYS": ""}, "SEAL_KEYS"),
        ({"ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"MAILROOM_INSECURE_HTTP": "1"}, "MAILROOM_INSECURE_HTTP"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
    ],
)
def test_production_refuses_to_start_and_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], names: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=names):
        start(monkeypatch, **changed)


def test_the_program_itself_refuses(tmp_path: Path) -> None:
    environment = {**os.environ, **SOUND, "SECRET_KEY": ""}
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "Production needs these settings: SECRET_KEY" in answer.stderr


def test_a_number_that_is_none_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_THREADS", "many")
    with pytest.raises(ImproperlyConfigured, match="RUNNER_THREADS must be a whole number, not 'many'"):
        env.number("RUNNER_THREADS")
