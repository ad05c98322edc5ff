"""How each operation is sent: one call of the client each."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.operations.base import Ask
from provisioning.synaq import Answer, Client


def act(noun: str, wire: str) -> Callable[[Client, Ask], Answer]:
    """The bare action `wire` on a thing of that noun."""

    def send(client: Client, ask: Ask) -> Answer:
        answer: Answer = getattr(client, noun).act(ask.guid, wire)
        return answer

    return send


def delete(noun: str) -> Callable[[Client, Ask], Answer]:
    """The DELETE call of that noun."""

    def send(client: Client, ask: Ask) -> Answer:
        answer: Answer = getattr(client, noun).delete(ask.guid)
        return answer

    return send


def create_company(client: Client, ask: Ask) -> Answer:
    return client.ous.create_company(ask.guid, ask.payload)


def create_subreseller(client: Client, ask: Ask) -> Answer:
    return client.ous.create_subreseller(ask.guid, ask.payload)


def update_ou(client: Client, ask: Ask) -> Answer:
    return client.ous.update(ask.guid, ask.payload["changes"])


def create_package(client: Client, ask: Ask) -> Answer:
    return client.packages.create(ask.guid, ask.payload["code"], ask.payload["editions"])


def create_domain(client: Client, ask: Ask) -> Answer:
    return client.domains.create(ask.guid, ask.payload["domain_name"])


def create_domain_in_package(client: Client, ask: Ask) -> Answer:
    at_once = bool(ask.payload.get("provision_immediately"))
    return client.packages.create_domain(ask.guid, ask.payload["domain_name"], provision_immediately=at_once)


def link_domain(client: Client, ask: Ask) -> Answer:
    return client.packages.link(ask.payload["package"], ask.guid)


def fill_fields(client: Client, ask: Ask) -> Answer:
    values = {**ask.payload["fields"], **ask.secrets}
    return client.domains.update_fields(ask.guid, values, exposed=ask.payload.get("exposed"))


def create_mailbox(client: Client, ask: Ask) -> Answer:
    return client.mailboxes.create(ask.guid, {**ask.payload, **ask.secrets})


def update_mailbox(client: Client, ask: Ask) -> Answer:
    shown = ask.payload.get("shown", ())
    return client.mailboxes.update(ask.guid, {**ask.payload["changes"], **ask.secrets}, shown=shown)


def change_edition(client: Client, ask: Ask) -> Answer:
    return client.mailboxes.change_edition(ask.guid, ask.payload["package"], ask.payload["code"])


def unknown(client: Client, ask: Ask) -> Answer:
    raise NotImplementedError("This version of the portal does not know the operation.")
