"""The question before something with consequences: why, and where nothing can be undone, of what exactly."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from portal.submissions import SubmissionForm
from portal.typed import LineField, without_invisible


class ReasonForm(SubmissionForm):
    """A question with room for the reason."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=500,
        help_text="Kept with the action, for those who look at it later.",
        widget=forms.Textarea({"rows": 2}),
    )


class NamedForm(ReasonForm):
    """The same before something that cannot be undone: the name of what goes is typed."""

    typed_name = LineField(
        max_length=1000,
        error_messages={"required": "Type the name: what follows cannot be undone."},
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed_name"].label = format_html(
            'Type <strong class="text-break">{}</strong> to go on', name
        )

    def clean_typed_name(self) -> str:
        """The very name, in whatever letter case, invisible characters apart."""
        typed: str = self.cleaned_data["typed_name"]
        if typed.casefold() != without_invisible(self.name).casefold():
            raise ValidationError("That is not its name. Nothing was done; type it as it is shown.")
        return typed
