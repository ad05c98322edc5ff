"""How a lost answer is looked up (contract, 'Silent places'). None: it cannot be told."""

from __future__ import annotations

from itertools import islice
from typing import Any

from provisioning.operations.base import NOT_THERE, Ask, Found, LookUp, NotTold
from provisioning.synaq import Client, Meaning, SynaqError
from provisioning.synaq.answers import (
    read_domain_fields,
    read_guid,
    read_links,
    read_lock,
    read_mailbox_editions,
    read_state,
    spellings,
    unwrap,
)

MOST = 1000  # things that are gone through where a list shows more than was asked for


def _only(ask: Ask, items: list[dict[str, Any]], key: str, value: str, home: tuple[str, str]) -> Found | None:
    """The one thing of exactly that name that is nothing else's, and says of no other `home` that it lies there. What is
    provisioned at once may still be on its way."""
    if not items:
        return NOT_THERE
    place, guid_of_home = home
    named = [
        item
        for item in items
        if str(item.get(key, "")).casefold() == value.casefold()
        and str(item.get(place) or guid_of_home).casefold() == guid_of_home.casefold()
    ]
    guids = {guid for item in named if (guid := read_guid(item)) and ask.others.isdisjoint(spellings(guid))}
    return Found(guids.pop(), done=not ask.payload.get("provision_immediately")) if len(guids) == 1 else None


def company(client: Client, ask: Ask) -> Found | None:
    title = ask.payload["title"]
    found = client.ous.each(parent_guid=ask.guid, title=title, exact_match=True)
    return _only(ask, list(islice(found, MOST)), "title", title, ("parent_guid", ask.guid))


def domain(client: Client, ask: Ask) -> Found | None:
    name = ask.payload["domain_name"]
    # Only within its company: one of that name elsewhere is not what was asked for.
    found = client.domains.each(domain_name=name, ou_guid=ask.ou_guid, exact_match=True)
    return _only(ask, list(islice(found, MOST)), "domain_name", name, ("ou_guid", ask.ou_guid))


def mailbox(client: Client, ask: Ask) -> Found | None:
    local = ask.payload["email_local"]
    found = client.mailboxes.each(domain_guid=ask.guid, email_local=local, exact_match=True)
    items = [{**item, "local": str(item.get("email", "")).rpartition("@")[0]} for item in islice(found, MOST)]
    return _only(ask, items, "local", local, ("domain_guid", ask.guid))


def link(client: Client, ask: Ask) -> Found | None:
    links = read_links(client.domains.get(ask.guid).body)
    linked = not set(spellings(ask.payload["package"])).isdisjoint(links or ())
    return Found(ask.guid, done=True) if linked else None


def filled_fields(client: Client, ask: Ask) -> Found | None:
    """The domain shows what was filled in. A password alone shows nowhere."""
    shown, asked = read_domain_fields(client.domains.get(ask.guid).body), ask.payload["fields"]
    return Found(ask.guid, done=True) if asked and _holds(shown, asked) else None


def effect(noun: str, states: frozenset[str]) -> LookUp:
    """The object's state shows the effect, or that SYNAQ is at it."""

    def look(client: Client, ask: Ask) -> Found | NotTold:
        body = getattr(client, noun).get(ask.guid).body
        state = read_state(body)
        if state in states:
            return Found(ask.guid, done=True)
        return _may_be_at_it(ask, state)

    return look


def counting(client: Client, ask: Ask) -> Found | None:
    """The domain shows that its report is being compiled."""
    body = unwrap(client.domains.get(ask.guid).body, "domain")
    report = body.get("domain_usage_report") if isinstance(body, dict) else None
    pending = isinstance(report, dict) and read_state(report) == "pending"
    return Found(ask.guid, done=False) if pending else None


def _may_be_at_it(ask: Ask, state: str) -> Found | NotTold:
    return Found(ask.guid, done=False) if state == "pending" else NotTold(state)


def unlocked(client: Client, ask: Ask) -> Found | NotTold:
    body = client.mailboxes.get(ask.guid).body
    state, locked = read_state(body), read_lock(body).locked
    if state == "active" and not locked:
        return Found(ask.guid, done=True)
    return _may_be_at_it(ask, f"{state} and locked" if locked else state)


def gone(noun: str) -> LookUp:
    """A deletion whose answer was lost: not to be found is done."""

    def look(client: Client, ask: Ask) -> Found | NotTold:
        try:
            body = getattr(client, noun).get(ask.guid).body
        except SynaqError as error:
            if error.meaning is Meaning.MISSING:
                return Found(ask.guid, done=True)
            raise
        return _may_be_at_it(ask, read_state(body))

    return look


def changed_ou(client: Client, ask: Ask) -> Found | None:
    return _shows(client.ous.get(ask.guid).body, ask)


def changed_mailbox(client: Client, ask: Ask) -> Found | None:
    return _shows(client.mailboxes.get(ask.guid).body, ask)


def _shows(body: Any, ask: Ask) -> Found | None:
    """What was asked for is what it shows. A password alone shows nowhere."""
    if not isinstance(body, dict):
        return None
    if read_state(body) == "pending":
        return Found(ask.guid, done=False)
    asked = ask.payload["changes"]
    return Found(ask.guid, done=True) if asked and _holds(body, asked) else None


def _holds(body: Any, asked: dict[str, Any]) -> bool:
    def same(shown: Any, wanted: Any) -> bool:
        if isinstance(wanted, dict):
            return isinstance(shown, dict) and _holds(shown, wanted)
        return (shown or "") == (wanted or "")

    return all(key in body and same(body[key], value) for key, value in asked.items())


def edition(client: Client, ask: Ask) -> Found | None:
    body = client.mailboxes.get(ask.guid).body
    if read_state(body) == "pending":
        return Found(ask.guid, done=False)
    package, code = ask.payload["package"], ask.payload["code"]
    shown = [one.package_guid or package for one in read_mailbox_editions(body) if one.edition_code == code]
    done = any(package in spellings(guid) for guid in shown)
    return Found(ask.guid, done=True) if done else None
