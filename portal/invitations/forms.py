from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from portal.accounts.models import Person
from portal.forms import SecretInput
from portal.typed import LineField


class JoinForm(forms.Form):
    """Name and password of somebody new. Whom and what for, the invitation says: nothing of that is posted."""

    name = LineField(
        label="Your name",
        max_length=150,
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": "Type your name."},
    )
    password = forms.CharField(
        label="Choose a password",
        strip=False,
        max_length=255,
        widget=SecretInput(),
        help_text="At least 12 characters, none of the common ones.",
        error_messages={"required": "Choose a password.", "max_length": "Use at most 255 characters."},
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """The password keeps to the rules, and is not like name or address."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" in cleaned:
            try:
                validate_password(cleaned["password"], Person(email=self.email, name=cleaned.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
