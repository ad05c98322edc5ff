"""Where an answer points: the `Location` header in all its spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

_KINDS = {
    "ous": "ou",
    "companies": "ou",
    "subresellers": "ou",
    "packages": "package",
    "domains": "domain",
    "mailboxes": "mailbox",
    "dls": "list",
    "resources": "resource",
}
_API = re.compile(r"/api/v\d+/.*")
_NOUN_FIRST = re.compile(rf"(?:^|/)((?:{'|'.join(_KINDS)})/.+)")
_SEGMENT = re.compile(r"[\w.~%:@!$&'()*+,;=-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Location:
    """`path` without host and `.json`; `guid` and `kind` of the object; `action_id` if it is an action's."""

    path: str
    guid: str
    action_id: str | None
    kind: str


def read_location(value: str | None, request_path: str = "/api/v1/") -> Location | None:
    """The location, or None if it does not lead to an object of the API. A host in it is never used."""
    path = normal_path(value, request_path)
    parts = path.strip("/").split("/")[2:] if path else []
    action_id = None
    if path and len(parts) >= 4 and parts[-2] == "actions":
        action_id, parts = parts[-1], parts[:-2]
    if path is None or len(parts) < 2 or parts[-2] not in _KINDS:
        return None
    return Location(path, unquote(parts[-1]), action_id, _KINDS[parts[-2]])


def normal_path(value: str | None, request_path: str = "/api/v1/") -> str | None:
    """`/api/v1/…` of any spelling: absolute, relative, below a prefix, with or without `.json`; else None."""
    try:
        path = urlsplit((value or "").strip()).path
    except ValueError:  # such as a broken IPv6 host
        return None
    path = path.rstrip("/").removesuffix(".json").rstrip("/")
    found = _below_api(path, request_path)
    if found is None or not all(_is_segment(part) for part in found.split("/")[1:]):
        return None
    return found


def _below_api(path: str, request_path: str) -> str | None:
    if not path:
        return None
    if match := _API.search(path if path.startswith("/") else f"/{path}"):
        return match[0]
    if match := _NOUN_FIRST.search(path):
        return f"/api/v1/{match[1]}"
    joined = _API.search(urljoin(request_path, path))
    return joined[0] if joined else None


def _is_segment(part: str) -> bool:
    return bool(_SEGMENT.fullmatch(part)) and part not in (".", "..")
