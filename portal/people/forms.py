from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.confirming import ReasonForm
from portal.forms import Card, CardRadioSelect
from portal.roles import Role
from portal.typed import LineField

KEEP, CANCEL = "keep", "cancel"


class RoleForm(forms.Form):
    """Which role. Only those that the viewer may give there can be chosen, whatever is posted."""

    role = forms.ChoiceField(
        label="Role",
        widget=CardRadioSelect,
        error_messages={"required": "Choose a role.", "invalid_choice": "You cannot give that role there."},
    )

    def __init__(self, *args: Any, offered: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            ("For your own people", [_card(role) for role in offered if role.staff]),
            ("For the customer’s people", [_card(role) for role in offered if not role.staff]),
        ]
        self.fields["role"].choices = [group for group in groups if group[1]]  # type: ignore[attr-defined]


def _card(role: Role) -> tuple[str, Card]:
    return role.name, Card(role.label, role.about)


class InviteForm(RoleForm):
    """Who is invited, and to what."""

    email = forms.EmailField(
        label="Email address",
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="The link is sent there. Nobody with another address can use it.",
        error_messages={
            "required": "Type the address of the person.",
            "invalid": "That is no email address. It looks like ann@example.com.",
        },
    )
    name = LineField(
        label="Name",
        max_length=150,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="How they are addressed in the mail. They can change it.",
    )
    field_order = ("email", "name", "role")

    def clean_email(self) -> str:
        """Letters that look alike, or become alike in capitals, must not lead to somebody else's account."""
        email: str = self.cleaned_data["email"]
        if not email.isascii():
            raise ValidationError("Type it in plain letters; a domain with others begins with xn--.")
        return email


class LeaveForm(ReasonForm):
    """What becomes of the deletions that somebody who leaves has set for a date: asked only where there are any."""

    def __init__(self, *args: Any, deletions: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if deletions:
            self.fields["deletions"] = forms.ChoiceField(
                label="Deletions that they set for a date",
                choices=[
                    (KEEP, Card("Keep them", "They run on their day.")),
                    (CANCEL, Card("Cancel them", "Nothing of it is deleted. What was closed stays closed.")),
                ],
                widget=CardRadioSelect,
                error_messages={"required": "Say whether these deletions are kept or cancelled."},
            )

    @property
    def cancels(self) -> bool:
        return self.cleaned_data.get("deletions") == CANCEL
