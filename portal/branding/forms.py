from __future__ import annotations

import base64
import binascii
from typing import Any

from django import forms

from portal.accounts.models import Brand
from portal.branding import colours, hosts, pictures

_MOST_HELD = pictures.MOST_BYTES * 4 // 3 + 4


class BrandForm(forms.Form):
    """How it looks below one reseller. A logo that was seen in the preview comes back as text, and is read anew."""

    name = forms.CharField(max_length=60, help_text="What the portal is called: on pages, in mails.")
    logo = forms.FileField(
        required=False,
        allow_empty_file=True,
        help_text="PNG, JPEG or WebP, up to 512 kB; shown at most 400 × 120, on white.",
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp"}),
    )
    held_logo = forms.CharField(required=False, widget=forms.HiddenInput)
    no_logo = forms.BooleanField(label="Show the name instead of the logo", required=False)
    accent = forms.CharField(
        label="Colour",
        required=False,
        max_length=9,
        help_text="Of buttons and links, as #2456c9. Empty: the usual blue.",
        widget=forms.TextInput({"placeholder": "#2456c9", "spellcheck": "false", "autocomplete": "off"}),
    )
    support_email = forms.EmailField(
        label="Support address",
        required=False,
        max_length=254,
        help_text="Whom your customers ask: on every page, in mails, and where their answers to mails go.",
    )
    host = forms.CharField(
        label="Host name",
        required=False,
        max_length=253,
        help_text="Whoever comes by this name finds the sign-in page in your look; links in mails lead to it.",
        widget=forms.TextInput({"placeholder": "mail.example.com", "spellcheck": "false"}),
    )

    picture: bytes | None = None  # the new logo; None: as it is

    def __init__(self, *args: Any, known: Brand | None, may_take_own: bool, **kwargs: Any) -> None:
        names = ("name", "accent", "support_email", "host")
        if known is not None:
            kwargs["initial"] = {name: getattr(known, name) for name in names}
        super().__init__(*args, **kwargs)
        self.may_take_own = may_take_own

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not name.isprintable() or any(sign in name for sign in "<>@"):
            raise forms.ValidationError("A name holds no @, < or >, no line breaks and no hidden characters.")
        return name

    def clean_accent(self) -> str:
        typed = self.cleaned_data["accent"]
        if not typed:
            return ""
        accent = colours.read(typed)
        if accent is None:
            raise forms.ValidationError("Type the colour as # and six digits, as in #2456c9.")
        if not colours.is_readable(accent):
            raise forms.ValidationError(
                f"White letters on this colour cannot be read well: contrast {colours.contrast(accent, '#ffffff'):.1f}, "
                f"wanted {colours.LEAST}. {colours.nearest_readable(accent)} is the nearest that can."
            )
        return accent

    def clean_host(self) -> str:
        return hosts.clean(self.cleaned_data["host"], may_take_own=self.may_take_own)

    def clean_logo(self) -> None:
        upload = self.cleaned_data.get("logo")
        if upload:
            self.picture = pictures.remade(upload.read(pictures.MOST_BYTES + 1))

    def clean_held_logo(self) -> None:
        """Only where no other was chosen. It comes from the browser: nothing says that it is what was sent there."""
        held = self.cleaned_data["held_logo"]
        if self.picture is not None or not held or "logo" in self.errors:
            return
        try:
            if len(held) > _MOST_HELD:
                raise ValueError
            content = base64.b64decode(held, validate=True)
        except (ValueError, binascii.Error):
            raise forms.ValidationError("The logo got lost on the way. Choose it again.")
        self.picture = pictures.remade(content)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("no_logo"):
            self.picture = b""
        return cleaned

    @property
    def held(self) -> str:
        """The new logo as text, for the hidden field and the preview."""
        return base64.b64encode(self.picture).decode() if self.picture else ""

    @property
    def facts(self) -> dict[str, str]:
        return {name: str(self.cleaned_data[name]) for name in ("name", "accent", "support_email", "host")}
