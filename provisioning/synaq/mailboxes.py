"""Mailboxes: made under a domain, changed, acted on, removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from provisioning.synaq import dialects, lists, wire
from provisioning.synaq.answers import Answer, Page
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.transport import Call, Expect, Transport, api_path

FILTERS = ("domain_guid", "domain_name", "email_local")


class Mailboxes:
    """Calls on `/mailboxes` and `/domains/…/mailboxes`."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport, self._dialect = transport, dialect

    def create(self, domain_guid: str, mailbox: Mapping[str, Any]) -> Answer:
        """A mailbox; 201, or 202 with `provision_immediately`. The GUID is in the location either way."""
        body = wire.new_mailbox_body(self._dialect, mailbox)
        path = api_path("domains", domain_guid, "mailboxes")
        return self._transport.send(Call("POST", path, Expect.CREATED, "mailbox", body))

    def get(self, guid: str) -> Answer:
        """The mailbox with its state and lock."""
        return self._transport.send(Call("GET", api_path("mailboxes", guid), Expect.BODY, "mailbox"))

    def update(self, guid: str, changes: Mapping[str, Any], *, shown: Collection[str] = ()) -> Answer:
        """Only what changes: 204 when inactive, 202 with an Update action when provisioned.

        `shown`: further field names that the mailbox's own answer shows (the guide names more than it lists).
        """
        body = wire.mailbox_changes_body(self._dialect, changes, shown)
        return self._transport.send(Call("PATCH", api_path("mailboxes", guid), Expect.DONE, "mailbox", body))

    def change_edition(self, guid: str, package_guid: str, code: str) -> Answer:
        """Another edition of the same package: 204 or 202, as for `update`."""
        path = api_path("mailboxes", guid, "packages", package_guid, "edition")
        return self._transport.send(Call("PATCH", path, Expect.DONE, "mailbox", wire.edition_body(code)))

    def act(self, guid: str, action: str) -> Answer:
        """Queues an action of the contract's table on the mailbox."""
        name = dialects.wire_action(self._dialect, "mailbox", action)
        path = api_path("mailboxes", guid, "actions")
        return self._transport.send(Call("POST", path, Expect.QUEUED, "action", wire.action_body(name)))

    def delete(self, guid: str) -> Answer:
        """Removes the mailbox and its mail: 204 when inactive, 202 when provisioned.

        The action of a 202 never says finished: it and the mailbox turn 404, see
        `meanings.ends_a_mailbox_delete`.
        """
        return self._transport.send(Call("DELETE", api_path("mailboxes", guid), Expect.DONE, "mailbox"))

    def list(
        self, *, page: int = 1, limit: int = lists.LIMIT, exact_match: bool = False, **filters: str
    ) -> Page:
        """One page of mailboxes; `filters` from `FILTERS`, best `domain_guid`; current only."""
        dialects.require(self._dialect, "mailboxes.list")
        return lists.fetch(self._transport, "mailboxes", FILTERS, page, limit, exact_match, filters)

    def each(self, *, exact_match: bool = False, **filters: str) -> Iterator[dict[str, Any]]:
        """Every mailbox of the list, page after page."""
        return lists.walk(
            lambda page: self.list(page=page, limit=lists.LIMIT, exact_match=exact_match, **filters)
        )
