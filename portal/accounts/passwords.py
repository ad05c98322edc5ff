"""A rule for passwords that Django has not got."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

FEWEST = 5  # different characters


class RepetitionValidator:
    """Refuses what is long only because it says the same again: "passwordpassword", "abcabcabcabc", "aaaaaaaaaaaaa"."""

    def validate(self, password: str, user: Any = None) -> None:
        folded = password.casefold()
        if len(set(folded)) < FEWEST or folded in (folded * 2)[1:-1]:
            raise ValidationError(
                "This password repeats itself. Use several words that do not belong together.",
                code="password_repeats",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be the same few characters again and again."
