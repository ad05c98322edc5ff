"""The lists of the current generation: filters, order, and the paging envelope (5 to a page by default)."""

from collections.abc import Callable, Iterable, Mapping
from math import ceil
from typing import Any

from sandbox import domains, mailboxes, ous
from sandbox.http import Answer, Call, ok
from sandbox.refusals import invalid
from sandbox.world import World

DEFAULT_LIMIT = 5
MOST = 1000
COMMON = frozenset({"exact_match", "page", "limit", "search", "order_by", "sort"})
Row = dict[str, Any]


def list_ous(world: World, call: Call) -> Answer:
    """GET /ous.json: filters parent_guid, type, title."""
    check_query(call.query, {"parent_guid", "type", "title"})
    rows = (ous.body(world, ou) for ou in list(world.ous.values()) if world.in_scope(ou.guid))
    matches = matcher(
        call.query, exact=("parent_guid", "type"), like=("title",), searched=("title", "client_ref")
    )
    return envelope("ous", filter(matches, rows), call.query, default_order="title")


def list_domains(world: World, call: Call) -> Answer:
    """GET /domains.json: filters domain_name, ou_guid."""
    check_query(call.query, {"domain_name", "ou_guid"})
    rows = (domains.body(world, domain) for domain in world.domains.values() if world.in_scope(domain.ou))
    matches = matcher(call.query, exact=("ou_guid",), like=("domain_name",), searched=("domain_name",))
    return envelope("domains", filter(matches, rows), call.query, default_order="domain_name")


def list_mailboxes(world: World, call: Call) -> Answer:
    """GET /mailboxes.json: filters domain_guid (quickest), domain_name, email_local."""
    check_query(call.query, {"domain_guid", "domain_name", "email_local"})
    rows = (_with_parts(mailboxes.entry(world, box)) for box in _mailboxes(world, call.query))
    searched = ("email", "first_name", "last_name", "display_name")
    matches = matcher(call.query, exact=(), like=("domain_name", "email_local"), searched=searched)
    answer = envelope("mailboxes", filter(matches, rows), call.query, default_order="email")
    for row in answer.body["_embedded"]["mailboxes"]:
        del row["email_local"], row["domain_name"]
    return answer


def _mailboxes(world: World, query: Mapping[str, str]) -> list[Any]:
    guid = query.get("domain_guid")
    chosen = [world.domain(guid)] if guid else [d for d in world.domains.values() if world.in_scope(d.ou)]
    return [box for domain in chosen for box in world.mailboxes_of[domain.guid].values()]


def _with_parts(row: Row) -> Row:
    local, _, name = row["email"].rpartition("@")
    return row | {"email_local": local, "domain_name": name}


def list_nothing(name: str) -> Callable[[World, Call], Answer]:
    """Distribution lists and calendar resources, of which this sandbox has none yet."""

    def rule(_: World, call: Call) -> Answer:
        check_query(call.query, {"domain_guid", "domain_name", "email_local"})
        return envelope(name, [], call.query, default_order="email")

    return rule


def check_query(query: Mapping[str, str], own: set[str]) -> None:
    """400 for filters that this list does not have."""
    unknown = [f"{name}: This filter is not known." for name in query if name not in COMMON | own]
    if unknown:
        raise invalid(*unknown)


def matcher(
    query: Mapping[str, str], *, exact: Iterable[str], like: Iterable[str], searched: Iterable[str]
) -> Callable[[Row], bool]:
    """A test of one row: `like` filters mean 'contains' unless exact_match=1 is given."""
    whole = query.get("exact_match") == "1"
    equal = {name: query[name] for name in exact if name in query}
    within = {name: query[name].lower() for name in like if name in query}
    word = query.get("search", "").lower()

    def matches(row: Row) -> bool:
        for name, wanted in within.items():
            has = str(row.get(name) or "").lower()
            if has != wanted and (whole or wanted not in has):
                return False
        found = not word or any(word in str(row.get(name) or "").lower() for name in searched)
        return found and all(row.get(name) == wanted for name, wanted in equal.items())

    return matches


def envelope(name: str, rows: Iterable[Row], query: Mapping[str, str], *, default_order: str) -> Answer:
    """One page of the rows in the envelope of the documents."""
    order, down = query.get("order_by", default_order), query.get("sort", "asc").lower() == "desc"
    found = sorted(rows, key=lambda row: str(row.get(order) or "").lower(), reverse=down)
    page, limit = number(query, "page", 1), min(number(query, "limit", DEFAULT_LIMIT), MOST)
    shown = found[(page - 1) * limit : page * limit]
    return ok(
        {
            "page": page,
            "limit": limit,
            "pages": ceil(len(found) / limit),
            "total": len(found),
            "_embedded": {name: shown},
        }
    )


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """A counting number from the query; 400 for anything else."""
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise invalid(f"{name}: This value should be 1 or more.")
    return int(text)
