"""Reading request bodies strictly: every unknown field and every wrong type is named."""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.refusals import Refusal, invalid

BLANK = "This value should not be blank."
EXTRA = "This field was not expected."
INVALID = "This value is not valid."
USED = "This value is already used."

Check = Callable[[str], str | None]


@dataclass(frozen=True)
class Field:
    """One allowed field; `type` is text, flag or object (with `parts`)."""

    name: str
    required: bool = False
    type: str = "text"
    check: Check | None = None
    parts: Sequence["Field"] = ()
    longest: int = 255


def read(body: bytes, wrapper: str, fields: Sequence[Field], *, partial: bool = False) -> dict[str, Any]:
    """The object under `wrapper`, checked; with `partial`, required fields may be absent but not blank.

    Raises Refusal 400 with one entry for each fault.
    """
    inner = unwrap(body, wrapper)
    if not isinstance(inner, dict):
        raise invalid(f"{wrapper}: {INVALID}")
    errors = faults(inner, fields, partial=partial)
    if errors:
        raise invalid(*errors)
    return inner


def unwrap(body: bytes, wrapper: str) -> Any:
    """What stands under the one allowed key of a JSON object."""
    try:
        outer = json.loads(body)
    except ValueError:
        raise Refusal(400, "Invalid JSON.") from None
    if not isinstance(outer, dict):
        raise Refusal(400, "The body is not a JSON object.")
    extra = [f"{name}: {EXTRA}" for name in outer if name != wrapper]
    if extra or wrapper not in outer:
        raise invalid(*extra, *([] if wrapper in outer else [f"{wrapper}: {BLANK}"]))
    return outer[wrapper]


def faults(given: dict[str, Any], fields: Sequence[Field], *, partial: bool, prefix: str = "") -> list[str]:
    """What is wrong with an object, as 'field: words'."""
    known = {field.name: field for field in fields}
    found = [f"{prefix}{name}: {EXTRA}" for name in given if name not in known]
    for field in fields:
        if field.name in given:
            found += _faults_of(field, given[field.name], partial, prefix)
        elif field.required and not partial:
            found.append(f"{prefix}{field.name}: {BLANK}")
    return found


def _faults_of(field: Field, value: Any, partial: bool, prefix: str) -> list[str]:
    name = prefix + field.name
    if value is None or value == "":
        return [f"{name}: {BLANK}"] if field.required else []
    if field.type == "flag":
        return [] if isinstance(value, bool) else [f"{name}: {INVALID}"]
    if field.type == "object":
        if not isinstance(value, dict):
            return [f"{name}: {INVALID}"]
        return faults(value, field.parts, partial=partial, prefix=f"{name}.")
    if not isinstance(value, str):
        return [f"{name}: {INVALID}"]
    return [f"{name}: {words}" for words in [_text_fault(field, value)] if words]


def _text_fault(field: Field, value: str) -> str | None:
    if not value.strip():
        return BLANK if field.required else None
    if len(value) > field.longest:
        return f"This value is too long. It should have {field.longest} characters or less."
    return field.check(value) if field.check else None


def domain_name(value: str) -> str | None:
    """A name that could stand in the DNS: two labels or more, letters, digits and hyphens."""
    label = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
    if re.fullmatch(rf"(?:{label}\.)+(?!\d+$){label}", value.lower()) and len(value) <= 253:
        return None
    return "This value is not a valid domain name."


def email_local(value: str) -> str | None:
    """What may stand before the @."""
    if re.fullmatch(r"[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*", value) and len(value) <= 64:
        return None
    return "This value is not a valid local part of an email address."


def country(value: str) -> str | None:
    """Two capital letters."""
    return None if re.fullmatch(r"[A-Z]{2}", value) else "This value is not a valid country."


def password(value: str) -> str | None:
    """Modest: SYNAQ's own rules are not published."""
    return None if len(value) >= 8 else "This value is too short. It should have 8 characters or more."


def ssha_password(value: str) -> str | None:
    """{SSHA256} and base64 of the 32 byte digest with its four salt bytes."""
    scheme, _, digest = value.partition("}")
    try:
        raw = b64decode(digest, validate=True)
    except Base64Error:
        raw = b""
    return None if scheme == "{SSHA256" and len(raw) == 36 else INVALID


def host_name(value: str) -> str | None:
    """A host or address, with or without a port."""
    return None if re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", value) else "This value is not a valid host name."
