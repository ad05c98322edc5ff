"""The trail is only added to: the database itself refuses all else; what is old is pruned by a command that says so."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.utils import timezone

from provisioning import audit
from provisioning.models import OU, AuditEntry
from tests.integration.trail.conftest import entry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def old_entry(ou: OU | None, age: timedelta, title: str = "old") -> AuditEntry:
    row = AuditEntry(kind="asked", ou=ou, object_title=title, at=timezone.now() - age)
    row.save()
    return row


def refused(sql: str, *, first: str = "SELECT 1") -> None:
    """The statement fails, whoever sends it."""
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        _run(first, sql)


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


@pytest.mark.parametrize("age", [DAY, 10 * YEAR])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE provisioning_auditentry SET by_id = NULL",
        "UPDATE provisioning_auditentry SET at = now() - interval '20 years'",
        "UPDATE provisioning_auditentry SET reason = 'never said'",
        "DELETE FROM provisioning_auditentry",
    ],
)
def test_plain_sql_changes_and_removes_nothing(root: OU, sql: str, age: timedelta) -> None:
    row = old_entry(root, age)
    refused(sql)
    assert AuditEntry.objects.get().at == row.at


@pytest.mark.parametrize(
    "sql", ["TRUNCATE provisioning_auditentry", "TRUNCATE provisioning_auditentry CASCADE"]
)
def test_it_cannot_be_emptied(root: OU, sql: str) -> None:
    entry(root, "kept")
    with transaction.atomic():
        refused(sql, first="SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL mailroom.may_truncate = 'off'")
    assert AuditEntry.objects.count() == 1


def test_not_even_pruning_takes_what_is_younger_than_a_year(root: OU) -> None:
    old_entry(root, YEAR - DAY)
    refused("DELETE FROM provisioning_auditentry", first="SET LOCAL mailroom.prune = 'on'")
    refused("UPDATE provisioning_auditentry SET text = ''", first="SET LOCAL mailroom.prune = 'on'")
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.prune(timezone.now())
    assert AuditEntry.objects.count() == 1


def test_after_pruning_the_door_is_shut_again(root: OU) -> None:
    old_entry(root, 10 * YEAR)
    old_entry(root, 3 * YEAR)
    assert audit.prune(timezone.now() - 8 * YEAR) == 1
    refused("DELETE FROM provisioning_auditentry")


def prune(*words: str) -> str:
    out = io.StringIO()
    call_command("prune_audit", *words, stdout=out)
    return out.getvalue()


def test_it_counts_and_removes_nothing_unless_told(root: OU) -> None:
    old_entry(root, 8 * YEAR)
    old_entry(root, 6 * YEAR)
    said = prune()
    assert "1 entries are older" in said
    assert "1 are kept" in said
    assert "Nothing was removed" in said
    assert AuditEntry.objects.count() == 2


def test_seven_years_are_kept_and_the_pruning_is_in_the_trail(root: OU) -> None:
    old_entry(root, 8 * YEAR, "gone")
    old_entry(root, 6 * YEAR, "kept")
    assert "1 removed." in prune("--yes")
    kept, told = AuditEntry.objects.order_by("id")
    assert kept.object_title == "kept"
    assert (told.kind, told.by, told.new["removed"]) == ("setting", None, 1)
    cut = datetime.fromisoformat(told.new["before"])
    assert abs(timezone.now() - cut - 7 * YEAR) < timedelta(days=3)


@pytest.mark.parametrize(
    ("words", "left"),
    [(["--years", "3"], {"two"}), (["--before", "2000-01-01"], {"four", "two"})],
)
def test_other_limits(root: OU, words: list[str], left: set[str]) -> None:
    old_entry(root, 4 * YEAR, "four")
    old_entry(root, 2 * YEAR, "two")
    prune(*words, "--yes")
    assert set(AuditEntry.objects.exclude(kind="setting").values_list("object_title", flat=True)) == left


@override_settings(AUDIT_YEARS=2)
def test_the_setting_says_how_many_years(root: OU) -> None:
    old_entry(root, 3 * YEAR)
    assert "1 entries are older" in prune()


@pytest.mark.parametrize(
    "words",
    [
        ["--years", "0"],
        ["--years", "-1"],
        ["--years", "9999"],
        ["--before", "tomorrow"],
        ["--before", "2026-02-30"],
    ],
)
def test_a_limit_that_is_none_is_refused_in_a_sentence(root: OU, words: list[str]) -> None:
    old_entry(root, 8 * YEAR)
    with pytest.raises(CommandError):
        prune(*words, "--yes")
    assert AuditEntry.objects.count() == 1


def test_a_young_limit_is_refused_before_anything_is_tried(root: OU) -> None:
    old_entry(root, 8 * YEAR)
    young: Any = (timezone.localdate() - timedelta(days=300)).isoformat()
    with pytest.raises(CommandError, match="younger than a year"):
        prune("--before", young, "--yes")
    assert AuditEntry.objects.count() == 1
