"""The one error of the client, and the reader of SYNAQ's many ways to say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from provisioning.synaq import meanings
from provisioning.synaq.meanings import Applied, Meaning, Sent
from provisioning.synaq.text import is_html, plain

MOST_ERRORS = 100
_DEEPEST = 12
_SHORTEST_SECRET = 4  # a shorter one would blot out half of every sentence, and SYNAQ refuses it anyway


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint; `field` is the wire name (dotted where nested), None where it is about the whole."""

    field: str | None
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class SynaqError(Exception):
    """A call that did not succeed.

    Says what the table of meanings says (`meaning`, `sent`, `applied`, `may_resend`, `sentence`), and SYNAQ's
    own words (`status`, `code`, `message`, `errors`). `request` is the method and path; `retry_after` is in
    seconds. Never holds headers, keys, hashes or what was sent.
    """

    def __init__(
        self,
        meaning: Meaning,
        message: str = "",
        *,
        status: int | None = None,
        code: int | str | None = None,
        errors: Iterable[FieldError] = (),
        retry_after: float | None = None,
        request: str = "",
        row: meanings.Row | None = None,
    ) -> None:
        row = row or meanings.of_meaning(meaning, request.partition(" ")[0])
        self.meaning = meaning
        self.message = message or row.sentence
        self.status = status
        self.code = code
        self.errors = list(errors)
        self.retry_after = retry_after
        self.request = request
        self.sent: Sent = row.sent
        self.applied: Applied = row.applied
        self.may_resend = row.resend
        self.sentence = row.sentence
        super().__init__(meaning, message)

    def __str__(self) -> str:
        head = " ".join(str(part) for part in (self.request, self.status) if part)
        tail = "; ".join(str(error) for error in self.errors)
        words = f"{self.message} ({tail})" if tail and tail != self.message else self.message
        return f"{head}: {words}" if head else words

    def __repr__(self) -> str:
        return f"SynaqError({self.meaning}, sent={self.sent}, {self})"


def read_errors(value: Any) -> list[FieldError]:
    """The complaints in an answer or its `errors`: a list, a nested object, null, text or HTML."""
    if isinstance(value, dict) and isinstance(value.get("message"), str) and "code" in value:
        value = _complaints(value)
    found: list[FieldError] = []
    for error in _errors(value, None, _DEEPEST):
        if error.message and error not in found:
            found.append(error)
        if len(found) == MOST_ERRORS:
            break
    return found


def read_message(raw: Any) -> str:
    """SYNAQ's sentence about the failure, or the text of whatever page came instead; may be empty."""
    if isinstance(raw, str):
        return plain(raw)
    if not isinstance(raw, dict):
        return ""
    for key in ("message", "error_description", "detail", "title", "error", "reason"):
        inner = raw.get(key)
        if isinstance(inner, dict):
            inner = inner.get("message") or inner.get("exception")
        if isinstance(inner, str) and inner.strip():
            return plain(inner)
    return ""


def read_code(raw: Any) -> int | str | None:
    """The `code` that SYNAQ put into the body; usually the status once more."""
    code = raw.get("code") if isinstance(raw, dict) else None
    return code if isinstance(code, int | str) and not isinstance(code, bool) else None


def from_answer(
    request: str, status: int, raw: Any, *, retry_after: float | None = None, hide: Collection[str] = ()
) -> SynaqError:
    """The error for an answer that is not 2xx; `hide` is what its words must not repeat."""
    row = meanings.of_status(status, request.partition(" ")[0])
    return SynaqError(
        row.meaning,
        _without(read_message(raw), hide),
        status=status,
        code=read_code(raw),
        errors=[FieldError(e.field, _without(e.message, hide)) for e in read_errors(_complaints(raw))],
        retry_after=retry_after,
        request=request,
        row=row,
    )


def from_exception(request: str, problem: BaseException, *, connecting: bool = False) -> SynaqError:
    """The error for an exchange without an answer. Tells the exception's kind only: its text holds URLs."""
    row = meanings.of_exception(problem, request.partition(" ")[0], connecting=connecting)
    return SynaqError(row.meaning, f"{row.sentence} ({type(problem).__name__})", request=request, row=row)


def meaning(other: Meaning, error: SynaqError) -> SynaqError:
    """The same refusal, of which it has turned out that it means something else than its status said."""
    if error.meaning is other:
        return error
    said = "" if error.message == error.sentence else error.message
    return SynaqError(
        other, said, status=error.status, code=error.code, errors=error.errors, request=error.request
    )


def unreadable(request: str, status: int, why: str) -> SynaqError:
    """The error for a 2xx answer that does not say what it must."""
    return SynaqError(Meaning.UNREADABLE, why, status=status, request=request)


def _complaints(raw: Any) -> Any:
    """The part of an error body that names what is wrong; None where the body is only a message."""
    if isinstance(raw, dict):
        found = next((raw[key] for key in ("errors", "violations", "children") if raw.get(key)), None)
        if found is None and isinstance(raw.get("error"), dict):
            return _complaints(raw["error"])
        # what is no sentence may still be complaints
        return raw["message"] if found is None and isinstance(raw.get("message"), list | dict) else found
    return raw if isinstance(raw, list) else None


def _without(text: str, hide: Collection[str]) -> str:
    for secret in hide:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return text


_GENERAL = frozenset(
    {"", "errors", "error", "global", "form", "form_errors", "#", "messages", "message", "base"}
)
_WRAPS = frozenset({"children", "fields", "data", "errors"})
_NAMES_FIELD = ("field", "property_path", "propertyPath", "property", "path", "name", "attribute")
_TELLS_ONE_ERROR = frozenset({*_NAMES_FIELD, "message", "error"} - {"name"})
_NAMES_WORDS = ("message", "error", "detail", "title", "description", "reason")


def _errors(value: Any, field: str | None, depth: int) -> Iterator[FieldError]:
    if depth <= 0 or value is None or isinstance(value, bool):
        return
    if isinstance(value, dict):
        yield from _of_object(value, field, depth)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _errors(item, field, depth - 1)
    else:
        yield _of_text(str(value), field)


def _of_object(value: dict[Any, Any], field: str | None, depth: int) -> Iterator[FieldError]:
    words = _first_text(value, _NAMES_WORDS)
    if words is not None and "errors" not in value and "children" not in value and _is_one_error(value):
        named = _first_text(value, _NAMES_FIELD)
        yield FieldError(_join(field, _field_name(named)) if named else field, plain(words))
        return
    for key, inner in value.items():
        yield from _errors(inner, _under(field, str(key)), depth - 1)


def _is_one_error(value: dict[Any, Any]) -> bool:
    """One complaint spelled as an object, rather than an object whose field is called `title`."""
    return not _TELLS_ONE_ERROR.isdisjoint(value) or value.keys() <= {"detail", "reason", "code"}


def _under(field: str | None, key: str) -> str | None:
    if key in _GENERAL or key in _WRAPS or key.isdigit():
        return field
    return _join(field, _field_name(key))


def _join(field: str | None, name: str | None) -> str | None:
    return f"{field}.{name}" if field and name else field or name


_PREFIX = re.compile(r"^\s*([a-z_][A-Za-z0-9_]*(?:\[\w*\]|\.[A-Za-z0-9_]+)*)\s*:\s+(\S.*)$", re.DOTALL)


def _of_text(text: str, field: str | None) -> FieldError:
    match = None if field or is_html(text) else _PREFIX.match(text)
    if match:
        return FieldError(_field_name(match[1]), plain(match[2]))
    return FieldError(field, plain(text))


def _field_name(path: str) -> str | None:
    """`children[physical_address].children[line_1].data` and `[line_1]` become dotted wire names."""
    names = re.findall(r"[^.\[\]\s]+", path)
    return ".".join(name for name in names if name not in ("children", "data")) or None


def _first_text(value: dict[Any, Any], keys: Iterable[str]) -> str | None:
    found = (value.get(key) for key in keys)
    return next((text for text in found if isinstance(text, str) and text.strip()), None)
