"""The list calls that OUs, domains and mailboxes share: filters out, paging envelope in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from provisioning.synaq import errors, wire
from provisioning.synaq.answers import Page, read_guid, read_page
from provisioning.synaq.meanings import Meaning
from provisioning.synaq.transport import Call, Expect, Transport, api_path

LIMIT = 100  # always sent: the API's own default is 5
MOST_PAGES = 100_000


def fetch(
    transport: Transport,
    noun: str,
    named: Collection[str],
    page: int,
    limit: int,
    exact_match: bool,
    filters: Mapping[str, str],
) -> Page:
    """One page of `/api/v1/<noun>.json`; filters that the documents do not name are refused unsent."""
    wire.refuse_unnamed(noun, filters, named)
    params = {
        **filters,
        "page": str(page),
        "limit": str(limit),
        **({"exact_match": "1"} if exact_match else {}),
    }
    call = Call("GET", api_path(noun), Expect.BODY, None, None, params)
    try:
        answer = transport.send(call)
    except errors.SynaqError as error:
        if page > 1 and error.meaning is Meaning.MISSING:
            return Page([], page, limit, page, 0)  # the end was not told before
        raise
    found = read_page(answer.raw, noun, page, limit)
    if found is None:
        raise errors.unreadable(str(call), answer.status, "SYNAQ's answer is not the list that was expected.")
    return found


def walk(fetch_page: Callable[[int], Page]) -> Iterator[dict[str, Any]]:
    """Every object once, even where the list shifts while it is read or a server ignores `page`."""
    seen: set[str] = set()
    for number in range(1, MOST_PAGES):
        page = fetch_page(number)
        fresh = [item for item in page.items if (read_guid(item) or "") not in seen]
        yield from fresh
        seen.update(guid for item in fresh if (guid := read_guid(item)))
        if not fresh or not page.has_next:
            return
