"""What of a mailbox can be edited: the fields that the documents name, and the plain ones that its own answer shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms

from portal.typed import LineField
from provisioning.models import Mailbox
from provisioning.services.mailboxes import editable_fields

LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "display_name": "Display name",
    "description": "Description",
    "admin": "Administrator of the domain",
    "hide_in_gal": "Hidden from the address list",
}
_HELP = {"display_name": "What recipients see."}
NAMES = ("first_name", "last_name", "display_name")
_LONGEST = {"first_name": 200, "last_name": 200}


@dataclass(frozen=True)
class Shown:
    """One field with its present value."""

    name: str
    value: str | bool

    @property
    def flag(self) -> bool:
        return isinstance(self.value, bool)

    @property
    def label(self) -> str:
        return LABELS.get(self.name) or re.sub(r"[_\W]+", " ", self.name).strip().capitalize() or self.name

    @property
    def told(self) -> str:
        """The present value in words."""
        return ("yes" if self.value else "no") if isinstance(self.value, bool) else self.value

    def field(self) -> forms.Field:
        """The input, which remembers the value that it was opened with."""
        options: dict[str, Any] = {
            "label": self.label,
            "required": False,
            "initial": self.value,
            "show_hidden_initial": True,
            "help_text": _HELP.get(self.name, ""),
        }
        if self.flag:
            return forms.BooleanField(**options)
        options["required"] = self.name == "last_name" and bool(self.value)
        return LineField(
            max_length=_LONGEST.get(self.name, 300),
            widget=forms.TextInput({"autocomplete": "off"}),
            error_messages={"required": f"Type the {self.label.lower()}; SYNAQ wants one."},
            **options,
        )


def editable(mailbox: Mailbox) -> list[Shown]:
    """The names first, then what else SYNAQ takes."""
    return [Shown(name, value) for name, value in editable_fields(mailbox).items()]
