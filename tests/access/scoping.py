"""Watches what requests ask of the database: of the things that scope is about, only what was narrowed to the viewer's own.

A statement is narrowed when it holds at least one value that only somebody inside the scope can have come by: the path of an
OU in scope (what portal.access adds), or the number or GUID of a thing in scope, or of one that this very request has made;
or the mark of the form that was sent. What somebody holds is asked by who they are.
So that a number tells what it is of, each table counts from a million of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection

from portal.access import parts
from portal.accounts.models import Acting, Brand, CustomRole, Invitation, Membership, SecondFactorRule
from portal.accounts.models.roles import PREFIX
from portal.billing.models import Adjustment, ClosedMonth, Line, Notice, PriceBook, Quota
from provisioning.models import (
    OU,
    Action,
    AuditEntry,
    Batch,
    Connection,
    Domain,
    Mailbox,
    MonthlyFigure,
    Package,
    Reading,
    Scheduled,
    Step,
    UsageReport,
    UsageRun,
)
from tests.access.viewers import Viewer
from tests.access.world import MARK, World

SCOPED: tuple[type[Any], ...] = (
    *(OU, Package, Domain, Mailbox, Action, Batch, Step, Scheduled, Reading, MonthlyFigure, AuditEntry, Connection),
    *(Membership, Invitation, CustomRole, SecondFactorRule, Acting, Brand, PriceBook),
    *(ClosedMonth, Line, Adjustment, Notice, Quota, UsageReport, UsageRun),
)  # fmt: skip
_TABLES = {model._meta.db_table for model in SCOPED}
_HELD = {model._meta.db_table for model in (Membership, CustomRole, Acting)}
_READ = re.compile(r'(?:FROM|JOIN|UPDATE)\s+"?(\w+)"?')
_APART = 1_000_000


def number_apart() -> None:
    """Numbers of no two tables are alike."""
    with connection.cursor() as cursor:
        for place, model in enumerate(apps.get_models(), start=1):
            pk = model._meta.pk
            if pk is not None and pk.get_internal_type() == "BigAutoField":
                table = model._meta.db_table
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                    [f'"{table}"', pk.column, place * _APART],
                )


class Watch:
    """An execute_wrapper; `loose` are the statements that no value narrows."""

    def __init__(self, world: World, viewer: Viewer, person: Any) -> None:
        scope = viewer.scope()
        held = {world.at(place).ou.path for _, place in viewer.holds}
        self.paths = tuple(held)
        self.above = {part for path in held for part in parts(path)}
        self.places = scope
        things = [thing for place in scope for thing in world.at(place).things.values()]
        self.numbers = {thing.pk for thing in things} | {int(path.split(".")[-2]) for path in self.above}
        self.numbers |= {number for thing in things for number in _keys(thing)}
        steps = Step.objects.filter(batch__in=[thing.pk for thing in things if isinstance(thing, Batch)])
        self.numbers |= set(steps.values_list("pk", flat=True))
        self.mine = {
            person.pk,
            *_roles_of(person),
        }  # what they hold is asked by who they are, or is a role of theirs
        self.last = {model: _last(model) for model in SCOPED}
        self.loose: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if _TABLES & set(_READ.findall(sql)) and not self._is_narrow(sql, list(_flat(params))):
            self.loose.append(sql[sql.find(" FROM ") :])
        return execute(sql, params, many, context)

    def _is_narrow(self, sql: str, values: list[Any]) -> bool:
        first = _READ.search(sql)
        if first and first[1] in _HELD and self.mine & {value for value in values if isinstance(value, int)}:
            return True
        return '"submission" = %s' in sql or any(map(self._own, values))

    def _own(self, value: Any) -> bool:
        if isinstance(value, int):
            return value in self.numbers or self._just_made(value)
        if not isinstance(value, str):
            return False
        if value in self.above or value.startswith(self.paths):
            return True
        return any(place in self.places for place, _ in MARK.findall(value.lower()))

    def _just_made(self, number: int) -> bool:
        return any(last < number < last + _APART // 2 for last in self.last.values())


def _roles_of(person: Any) -> Iterator[int]:
    for name in person.memberships.values_list("role", flat=True):
        if name.startswith(PREFIX):
            yield int(name.removeprefix(PREFIX))


def _keys(thing: Any) -> Iterator[int]:
    """The thing's own foreign keys to things: its OU, its domain, its connection …"""
    for field in thing._meta.concrete_fields:
        number = getattr(thing, field.attname)
        if field.related_model in SCOPED and number is not None:
            yield number


def _last(model: type[Any]) -> int:
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or _APART * 10_000


def _flat(params: Any) -> Iterable[Any]:
    for value in params.values() if isinstance(params, dict) else params or ():
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield getattr(value, "obj", value)
