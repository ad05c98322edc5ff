"""Reading editions, wherever and however they are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

EDITION_KEYS = (
    "editions",
    "valid_editions",
    "available_editions",
    "allowed_editions",
    "package_editions",
    "mailbox_editions",
    "edition",
)
_CODES = ("code", "edition_code", "package_edition_code", "value", "id")
_NAMES = (
    "name", "title", "label", "display_name", "product_name", "package_name", "edition_name", "text", "description",
)  # fmt: skip
_DEFAULTS = ("is_default", "default", "isDefault", "selected", "checked")
_MOST = ("max", "maximum", "max_mailboxes", "limit", "max_quantity", "quota")
_PRICES = ("price", "monthly_price", "unit_price", "cost", "amount", "prices")
_CODE_LIKE = re.compile(r"[A-Z0-9]+([-_.][A-Z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Edition:
    """A class of service; `max` and `price` are as SYNAQ gave them, None where it did not say."""

    code: str
    name: str
    is_default: bool = False
    max: Any = None
    price: Any = None


def scalar_text(value: Any) -> str | None:
    """A code, id or name as text: strings and numbers; None for anything else or for blanks."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def first_text(body: dict[Any, Any], keys: Iterable[str]) -> str | None:
    """The first of these keys that holds text or a number."""
    return next((text for key in keys if (text := scalar_text(body.get(key)))), None)


def name_of(body: dict[Any, Any], code: str) -> str:
    """What people call it: the first of the usual keys that says more than the code, else the code."""
    return next((text for key in _NAMES if (text := scalar_text(body.get(key))) and text != code), code)


def truth(value: Any) -> bool:
    """A flag in any spelling: true, 1, "1", "true", "yes", "on"."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes", "on", "y")
    return isinstance(value, bool | int) and bool(value)


def looks_like_code(value: Any) -> bool:
    """Whether this is spelled as SYNAQ's codes are: capitals and digits in parts, `CLM-STD-100`."""
    return isinstance(value, str) and bool(_CODE_LIKE.fullmatch(value))


def read_edition_list(value: Any) -> list[Edition]:
    """Editions from a list of objects or codes, or an object keyed by code (or, in forms, by label)."""
    if isinstance(value, dict):
        inner = next(
            (value[key] for key in ("choices", "children", *EDITION_KEYS) if _holds(value.get(key))), None
        )
        found = read_edition_list(inner) if inner is not None else list(_of_object(value))
    else:
        found = [edition for item in _as_list(value) if (edition := _of_item(item))]
    return list({edition.code: edition for edition in reversed(found)}.values())[::-1]


def read_editions(body: Any) -> list[Edition]:
    """The editions of a product, or the valid ones of a package."""
    if not isinstance(body, dict):
        return []
    for holder in (body, body.get("_embedded")):
        if not isinstance(holder, dict):
            continue
        for key in EDITION_KEYS:
            if found := read_edition_list(holder.get(key)):
                return _mark_default(found, body)
    return []


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]


def _of_object(value: dict[Any, Any]) -> Iterator[Edition]:
    if single := _of_item(value):
        yield single
        return
    for key, inner in value.items():
        if edition := _of_entry(str(key), inner):
            yield edition


def _of_entry(key: str, inner: Any) -> Edition | None:
    if isinstance(inner, dict):
        return _of_item(inner) or _of_item({**inner, "code": key})
    if key.isdigit() and isinstance(inner, str):  # PHP's list with gaps: the key is only a position
        return _of_item(inner)
    if isinstance(inner, str) and looks_like_code(inner) and not looks_like_code(key):
        return Edition(inner, key)
    if isinstance(inner, str) and inner.strip():
        return Edition(key.strip(), inner.strip()) if key.strip() else None
    return Edition(key.strip(), key.strip()) if key.strip() and not isinstance(inner, list) else None


def _of_item(item: Any) -> Edition | None:
    if not isinstance(item, dict):
        code = scalar_text(item)
        return Edition(code, code) if code else None
    code = first_text(item, _CODES)
    if code is None and looks_like_code(item.get("name")):
        code = scalar_text(item["name"])
    if code is None:
        inner = item.get("edition")
        return _of_item(inner) if isinstance(inner, dict) else None
    return Edition(
        code,
        name_of(item, code),
        any(truth(item.get(key)) for key in _DEFAULTS),
        next((item[key] for key in _MOST if item.get(key) is not None), None),
        next((item[key] for key in _PRICES if item.get(key) is not None), None),
    )


def _mark_default(found: list[Edition], body: dict[Any, Any]) -> list[Edition]:
    """Some answers name the default beside the list instead of marking it inside."""
    named: set[str] = set()
    for key in ("default_edition", "default_edition_code", "default_editions"):
        named.update(edition.code for edition in read_edition_list(body.get(key)))
    return [replace(edition, is_default=True) if edition.code in named else edition for edition in found]
