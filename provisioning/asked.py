"""What one click says, and what is told of it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning import audit
from provisioning.models import OU, Action, Batch, Connection
from provisioning.operations import Operation


class Refused(Exception):
    """What was asked for cannot be taken on; the text is for people."""


@dataclass(frozen=True)
class Asked:
    """Everything that one click says. `lock_key` names what may have only one thing in flight."""

    operation: Operation
    connection: Connection
    ou: OU
    guid: str
    title: str
    by: Any
    submission: uuid.UUID
    lock_key: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sealed: str = field(default="", repr=False)
    reason: str = ""
    batch: Batch | None = None
    priority: int = 0
    before: Mapping[str, Any] = field(
        default_factory=dict
    )  # the target's present values of what is to change

    @property
    def key(self) -> str:
        return (self.lock_key or f"{self.operation.kind}:{self.guid}")[:600]


def request_id(asked: Asked) -> str:
    """Of the click; of a batch's action the click that began the batch."""
    return audit.context().request_id[:64] or (asked.batch.request_id if asked.batch else "")


def into_the_trail(action: Action, asked: Asked) -> None:
    """Who asked for what. Call it in the transaction that opened the row."""
    if asked.by is None and asked.batch is not None:
        return  # nobody asked for this one: the trail has the batch
    hidden = list(asked.secrets) or (["password"] if asked.sealed else [])
    new = {**asked.payload, **dict.fromkeys(hidden, audit.CHANGED)}
    audit.record(
        "asked", by=asked.by, ou=asked.ou, thing=action, title=asked.title, text=asked.operation.label,
        reason=asked.reason, old=asked.before, new=new, action=action, batch=asked.batch,
    )  # fmt: skip


def digest(asked: Asked) -> str:
    """A short mark of what was asked, for comparing; of secrets only the names go in."""
    facts = {
        "operation": asked.operation.name,
        "guid": asked.guid,
        "payload": asked.payload,
        "secret": sorted(asked.secrets),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
