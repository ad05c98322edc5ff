"""Service fields: what a domain's packages ask for, as people read and fill them in.

SYNAQ names them in a domain's `fields` with their present values. Those that the documents name have a good label;
any other is shown under its own name, as what its value is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.synaq import wire

_SENT_UNDER_ITS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TAKEN = frozenset({"submission", "csrfmiddlewaretoken", "form_mark"})
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Known:
    """How a documented field is called; `optional`: a domain can be provisioned without it."""

    label: str
    help: str = ""
    optional: bool = False


KNOWN = {
    "mail_delivery_location": Known(
        "Mail server", "Where SYNAQ delivers incoming mail: a host name such as mail.example.co.za."
    ),
    "mail_delivery_alternative": Known(
        "Second mail server", "Used while the first does not answer. May stay empty.", optional=True
    ),
    "auth_method": Known("Sign-in method", "How senders of outgoing mail prove who they are, such as smtp."),
    "username": Known("User name", "What SYNAQ signs in with."),
    "password": Known("Password"),
    "smtp_username": Known("SMTP user name", "What SYNAQ signs in with to the outgoing mail server."),
    "smtp_password": Known("SMTP password"),
    "admin_username": Known("Administrator’s user name"),
    "admin_password": Known("Administrator’s password"),
    "admin_first_name": Known("Administrator’s first name"),
    "admin_last_name": Known("Administrator’s last name"),
    "service_provider": Known("Service provider"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the form. `names` are the wire names that it drives: one, or both of a pair."""

    names: tuple[str, ...]
    value: Any

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def input(self) -> str:
        """The name of its input: its own, where that is fit to be one."""
        if _SENT_UNDER_ITS_NAME.fullmatch(self.name) and self.name not in _TAKEN:
            return self.name
        return "field_" + hashlib.sha1(self.name.encode(), usedforsecurity=False).hexdigest()[:8]

    @property
    def label(self) -> str:
        known = KNOWN.get(self.name)
        return known.label if known else (self.name.replace("_", " ").strip() or "Unnamed").capitalize()

    @property
    def help(self) -> str:
        known = KNOWN.get(self.name)
        words = [known.help] if known and known.help else []
        if len(self.names) > 1:
            words.append(f"SYNAQ receives it as {' and '.join(self.names)} alike.")
        elif known is None:
            words.append(f"SYNAQ calls it {self.name}.")
        return " ".join(words)

    @property
    def secret(self) -> bool:
        return wire.is_secret(self.name)

    @property
    def filled(self) -> bool:
        return self.value not in _EMPTY

    @property
    def missing(self) -> bool:
        """Empty, and as far as the documents tell it is needed."""
        known = KNOWN.get(self.name)
        return not self.filled and not (known and known.optional)

    @property
    def shape(self) -> str:
        """What its value is: text, flag, number, lines, or raw (shown, not edited)."""
        if isinstance(self.value, bool):
            return "flag"
        if isinstance(self.value, int | float):
            return "number"
        if isinstance(self.value, list) and all(isinstance(item, str | int | float) for item in self.value):
            return "lines"
        return "raw" if isinstance(self.value, list | dict) else "text"

    @property
    def shown(self) -> str:
        """The value for reading; a secret only tells that it is set."""
        if not self.filled:
            return ""
        if self.secret:
            return wire.MASK
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if self.shape == "lines":
            return ", ".join(map(str, self.value))
        return json.dumps(self.value, ensure_ascii=False) if self.shape == "raw" else str(self.value)


def entries(fields: Any) -> list[Entry]:
    """The documented fields first, then the others by name (the mirror keeps no order); of a pair where both are
    exposed, one entry that drives both."""
    given = (
        {str(name): fields[name] for name in sorted(fields, key=_place)}
        if isinstance(fields, Mapping)
        else {}
    )
    pairs = {older: newer for newer, older in wire.FIELD_PAIRS if newer in given and older in given}
    found = []
    for name, value in given.items():
        if name in pairs:
            continue
        other = next((older for older, newer in pairs.items() if newer == name), None)
        if other is None:
            found.append(Entry((name,), value))
        else:
            found.append(Entry((name, other), value if value not in _EMPTY else given[other]))
    return found


def _place(name: str) -> tuple[int, str]:
    order = list(KNOWN)
    return (order.index(name) if name in KNOWN else len(order), name)


def missing(fields: Any) -> list[Entry]:
    """Those that are empty and look needed."""
    return [entry for entry in entries(fields) if entry.missing]


def mark(fields: Any) -> str:
    """A short mark of what the fields hold, to tell whether a newer reading differs."""
    text = json.dumps(fields, sort_keys=True, default=str)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
