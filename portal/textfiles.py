"""Text that people upload: whatever program wrote it."""

from __future__ import annotations


class Unreadable(Exception):
    """Nothing can be made of the file as a whole; the text is for people, and names the way out."""


def decoded(data: bytes) -> str:
    """The text: UTF-8, or UTF-16 where a mark says so; else as older programs of Windows write it. Raises Unreadable."""
    if data[:2] == b"PK":
        raise Unreadable("This is a workbook. In the spreadsheet choose Save as, then CSV, and upload that.")
    text = _text(data).removeprefix("\ufeff")
    if "\x00" in text:
        raise Unreadable("This is not a text file. In the spreadsheet choose Save as, then CSV.")
    return text


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
