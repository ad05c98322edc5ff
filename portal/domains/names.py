"""Domain names: as people type them, as they are sent, as they are shown."""

from __future__ import annotations

import re

import idna
from django.core.exceptions import ValidationError

LONGEST = 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_EXAMPLE = "Type only the domain, such as example.co.za."


def to_ascii(typed: str) -> str:
    """The name as it is sent: lower case, ASCII. Raises ValidationError with a sentence that names the way out."""
    name = typed.strip().rstrip(".").lower()
    if "://" in name or "/" in name or ":" in name:
        raise ValidationError(f"This looks like the address of a page. {_EXAMPLE}")
    if "@" in name:
        raise ValidationError(f"This looks like a mail address. {_EXAMPLE}")
    if re.search(r"\s|,|;", name):
        raise ValidationError(f"A domain has no blanks or commas, and one is made at a time. {_EXAMPLE}")
    if "." not in name:
        raise ValidationError(f"A domain has at least one dot. {_EXAMPLE}")
    labels = _encoded(name).split(".")
    bad = next((label for label in labels if not _LABEL.fullmatch(label)), None)
    if bad is not None or labels[-1].isdigit() or len(".".join(labels)) > LONGEST:
        raise ValidationError(_fault(bad, labels))
    return ".".join(labels)


def _encoded(name: str) -> str:
    if name.isascii() and "xn--" not in name:
        return name
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        raise ValidationError(
            f"No domain can be called that: a letter in it is not allowed. {_EXAMPLE}"
        ) from None


def _fault(bad: str | None, labels: list[str]) -> str:
    if bad == "":
        return f"There is a dot too many. {_EXAMPLE}"
    if bad is not None and len(bad) > 63:
        return "Between two dots there may be at most 63 characters."
    if bad is not None:
        return f"“{bad}” cannot be part of a domain: letters, digits and hyphens in the middle are allowed. {_EXAMPLE}"
    if labels[-1].isdigit():
        return f"This looks like an IP address. {_EXAMPLE}"
    return f"A domain has at most {LONGEST} characters."


def in_letters(name: str) -> str:
    """The name as its owners write it, where that differs from what is sent; else ""."""
    if "xn--" not in name:
        return ""
    try:
        shown = idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return ""
    return shown if shown != name else ""
