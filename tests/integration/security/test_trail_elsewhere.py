"""The trail's triggers in a database that is no test's: there nobody can say that it may be emptied."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings

KEPT = importlib.import_module("provisioning.migrations.0007_audit_trail").KEPT
NAME = f"real_{os.getpid()}"


def connect(name: str) -> psycopg.Connection[Any]:
    database = settings.DATABASES["default"]
    facts = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"]}
    return psycopg.connect(dbname=name, password=database["PASSWORD"], autocommit=True, **facts)


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection[Any]]:
    with connect("postgres") as server:
        server.execute(f"CREATE DATABASE {NAME}")
        try:
            with connect(NAME) as made:
                made.execute("CREATE TABLE provisioning_auditentry (at timestamptz DEFAULT now())")
                made.execute(KEPT)
                made.execute("INSERT INTO provisioning_auditentry DEFAULT VALUES")
                yield made
        finally:
            server.execute(f"DROP DATABASE {NAME}")


def test_outside_a_test_database_no_session_may_empty_the_trail(elsewhere: psycopg.Connection[Any]) -> None:
    elsewhere.execute("SET mailroom.may_truncate = 'on'")
    for sql in ("TRUNCATE provisioning_auditentry", "TRUNCATE provisioning_auditentry CASCADE"):
        with pytest.raises(psycopg.errors.CheckViolation, match="append-only"):
            elsewhere.execute(sql)
    elsewhere.execute("SET mailroom.prune = 'on'")
    with pytest.raises(psycopg.errors.CheckViolation, match="append-only"):
        elsewhere.execute("DELETE FROM provisioning_auditentry")
    assert elsewhere.execute("SELECT count(*) FROM provisioning_auditentry").fetchone() == (1,)
