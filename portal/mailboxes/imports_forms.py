"""Forms of the import: a file or pasted text; and the rows that are mended in place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from portal.mailboxes.imports_check import Checked, is_sound_password
from portal.mailboxes.imports_file import LABELS, MOST_BYTES, NAMES, Row, cleaned, parse, read
from portal.submissions import SubmissionForm
from portal.textfiles import Unreadable


class UploadForm(SubmissionForm):
    """One of the two: a file, or what was copied from a spreadsheet. `rows` holds what was read."""

    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text="CSV, with commas or semicolons; up to 1 MB and 2,000 rows.",
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label="Or paste the rows",
        required=False,
        strip=False,
        max_length=MOST_BYTES,
        help_text="Straight from a spreadsheet, headings included.",
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "class": "text-mono"}),
        error_messages={"max_length": "This is more than 1 MB: split it into several."},
    )

    rows: list[Row]

    def clean(self) -> dict[str, Any]:
        """Read it: what cannot be read as a whole is said at once."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        file, text = given.get("file"), given.get("text", "")
        if self.errors:
            return given
        if bool(file) == bool(text.strip()):
            raise ValidationError(
                "Choose a file or paste rows: one of the two."
                if file
                else "Choose a file, or paste the rows."
            )
        try:
            self.rows = read(_bytes(file)) if file else parse(text)
        except Unreadable as error:
            self.add_error("file" if file else "text", str(error))
        return given


def _bytes(file: Any) -> bytes:
    """No more than tells that there is too much."""
    held: bytes = file.read(MOST_BYTES + 1)
    return held


def cells_of(one: Checked) -> list[dict[str, Any]]:
    """The inputs of one row, for mailboxes/import_check.html."""
    number = one.row.number
    return [
        {
            "name": f"r{number}-{name}",
            "label": f"{LABELS[name]}, row {number}",
            "column": LABELS[name],
            "value": "" if name == "password" else one.row.cells[name],
            "secret": name == "password",
            "given": bool(one.row.cells[name]),
            "error": one.errors.get(name, ""),
        }
        for name in NAMES
    ]


def mended(rows: list[Row], posted: QueryDict) -> list[Row]:
    """The rows with what was typed over them, without those that are to be left out."""
    kept = [row for row in rows if f"r{row.number}-leave" not in posted]
    for row in kept:
        if f"r{row.number}-email" in posted:
            _mend(row, posted)
    return kept


def _mend(row: Row, posted: QueryDict) -> None:
    row.fault = ""
    for name in NAMES:
        typed = cleaned(name, posted.get(f"r{row.number}-{name}", ""))
        # A password is not shown: left empty, a good one stays, and in the place of a bad one one is made.
        if name != "password" or typed or not is_sound_password(row.cells[name]):
            row.cells[name] = typed
