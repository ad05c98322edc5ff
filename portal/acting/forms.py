from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from portal.accounts.models import Person
from portal.typed import LineField


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own takes no argument when run
    """Named as people know them, with the address where there is a name."""

    def label_from_instance(self, obj: Any) -> str:
        """`Carla Company (carla@acme.example)`."""
        return f"{obj.name} ({obj.email})" if obj.name else str(obj.email)


class LookForm(forms.Form):
    """As whom to look, and why. Only the company's own people are offered, and accepted."""

    person = PersonChoice(
        queryset=Person.objects.none(),
        label="Look as",
        empty_label=None,
        error_messages={
            "required": "Choose one of the company's people.",
            "invalid_choice": "Choose one of the company's people.",
        },
    )
    reason = LineField(
        label="Reason",
        max_length=300,
        help_text="The customer reads it, with your name. For example a ticket's number, and what you look for.",
        error_messages={"required": "Say why: the customer reads it."},
    )

    def __init__(self, data: Any, *, people: QuerySet[Person]) -> None:
        super().__init__(data)
        choice = self.fields["person"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = people
