from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms

from portal import roles
from portal.accounts.models import CustomRole
from portal.accounts.role_making import Wanted
from portal.roles import Role
from portal.typed import LineField


class RoleForm(forms.Form):
    """A role of one's own. Only what the viewer holds there can be ticked, whatever is posted."""

    label = LineField(
        label="Name",
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": "Type a name, such as Night desk."},
    )
    about = LineField(
        label="What it is for",
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="One sentence. It stands beside the role where it is given.",
    )
    staff = forms.ChoiceField(
        label="For whom",
        choices=[("yes", "Your own people"), ("no", "The customers’ people")],
        widget=forms.RadioSelect,
        initial="yes",
    )
    permissions = forms.MultipleChoiceField(
        label="What it may do",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Tick at least one thing.",
            "invalid_choice": "A role can hold only what you hold there yourself.",
        },
    )

    def __init__(
        self, *args: Any, held: frozenset[str], row: CustomRole | None = None, **kwargs: Any
    ) -> None:
        initial = _as_it_is(row) if row else {}
        super().__init__(*args, **{"initial": initial, **kwargs})
        ours = [one for one in roles.PERMISSIONS.values() if one.name in held]
        self.fields["permissions"].choices = [  # type: ignore[attr-defined]
            (group, [(one.name, one.label) for one in members])
            for group, members in groupby(ours, key=lambda one: one.group)
        ]

    def wanted(self) -> Wanted:
        """What was typed."""
        typed = self.cleaned_data
        chosen = frozenset(typed["permissions"])
        return Wanted(typed["label"], typed["about"], chosen, typed["staff"] == "yes")


def _as_it_is(row: CustomRole) -> dict[str, Any]:
    return {
        "label": row.label,
        "about": row.about,
        "staff": "yes" if row.staff else "no",
        "permissions": row.permissions,
    }


class FactorForm(forms.Form):
    """Which roles must sign in with a second factor."""

    roles = forms.MultipleChoiceField(
        label="Asked of",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "That role is not known here."},
    )

    def __init__(self, *args: Any, shown: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [(role.name, role.label) for role in shown]  # type: ignore[attr-defined]
