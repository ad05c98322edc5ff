"""Entries of the trail as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from portal import access, words
from portal.activity import present, timeline
from portal.trail import finder
from provisioning.ledger import WITH_SECRET
from provisioning.models import AuditEntry

_WRAPPERS = ("changes", "fields")
_NOTES = ("shown", "exposed", WITH_SECRET)
_KINDS = {"ou": "company", "customrole": "role", "secondfactorrule": "second factor rule"}


@dataclass(frozen=True)
class Value:
    """One field of what was asked for, before and after, as text."""

    name: str
    old: str
    new: str

    @property
    def changed(self) -> bool:
        return self.old != self.new


def rows(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    return [
        {
            "entry": entry,
            "label": finder.label(entry),
            "url": reverse("trail:detail", args=[entry.pk]),
            "noun": noun(entry.object_kind),
        }
        for entry in entries
    ]


def noun(kind: str) -> str:
    """What the kind of thing is called."""
    return _KINDS.get(kind, words.noun(kind))


def links(request: HttpRequest, entry: AuditEntry) -> dict[str, str]:
    """Where the entry leads, as far as the viewer may go: its object, company, action and batch."""
    return {
        "object_url": _object_url(request, entry),
        "ou_url": _ou_url(request, entry),
        "action_url": _action_url(request, entry),
        "batch_url": timeline.page_of_batch(request, entry.batch),
        "same_object_url": _same("object", f"{entry.object_kind}:{entry.object_guid}", entry.object_guid),
        "same_person_url": _same("person", entry.by.email if entry.by else ""),
    }


def _object_url(request: HttpRequest, entry: AuditEntry) -> str:
    scope = present.WAYS.get(entry.object_kind)
    if scope is None or not scope(request).filter(guid=entry.object_guid).exists():
        return ""
    return present.page_of(entry.object_kind, entry.object_guid)


def _ou_url(request: HttpRequest, entry: AuditEntry) -> str:
    ou = finder.ou_of(request, entry)
    return present.url_of(ou) if ou else ""


def _action_url(request: HttpRequest, entry: AuditEntry) -> str:
    seen = entry.action_id and access.actions(request).filter(pk=entry.action_id).exists()
    return reverse("activity:detail", args=[entry.action_id]) if seen else ""


def _same(name: str, value: str, known: str = "yes") -> str:
    """The list with that one filter."""
    return f"{reverse('trail:list')}?{urlencode({name: value})}" if value and known else ""


def values(entry: AuditEntry) -> list[Value]:
    """Old beside new, field by field, nested ones by their path."""
    old, new = flat(entry.old), flat(_lifted(entry.new))
    return [Value(name, old.get(name, ""), new.get(name, "")) for name in dict.fromkeys([*old, *new])]


def _lifted(new: Mapping[str, Any]) -> dict[str, Any]:
    """The fields out of what they are wrapped in, so that they stand beside the old ones; without our own notes."""
    inner = [new[name] for name in _WRAPPERS if isinstance(new.get(name), Mapping)]
    rest = {name: value for name, value in new.items() if name not in (*_WRAPPERS, *_NOTES)}
    return {name: value for part in (*inner, rest) for name, value in part.items()}


def flat(values: object, path: str = "") -> dict[str, str]:
    """`{"a": {"b": [1, 2]}}` as `{"a.b": "1, 2"}`."""
    if isinstance(values, Mapping):
        found: dict[str, str] = {}
        for name, value in values.items():
            found |= flat(value, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(values, list) and not any(isinstance(value, Mapping | list) for value in values):
        return {path: ", ".join(_text(value) for value in values)}
    if isinstance(values, list):
        return flat({str(number): value for number, value in enumerate(values, 1)}, path)
    return {path: _text(values)}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
