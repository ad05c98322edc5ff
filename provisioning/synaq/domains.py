"""Domains: their service fields, actions and records."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from provisioning.synaq import dialects, lists, wire
from provisioning.synaq.answers import Answer, Page
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.transport import Call, Expect, Transport, api_path

FILTERS = ("domain_name", "ou_guid")


class Domains:
    """Calls on `/domains` and `/ous/…/domains`."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport, self._dialect = transport, dialect

    def create(self, ou_guid: str, domain_name: str) -> Answer:
        """A domain that stands alone until it is linked."""
        body = wire.new_domain_body(domain_name)
        return self._transport.send(
            Call("POST", api_path("ous", ou_guid, "domains"), Expect.CREATED, "domain", body)
        )

    def get(self, guid: str) -> Answer:
        """The domain with its state, `fields` and last usage report."""
        return self._transport.send(Call("GET", api_path("domains", guid), Expect.BODY, "domain"))

    def update_fields(
        self, guid: str, fields: Mapping[str, Any], *, exposed: Collection[str] | None = None
    ) -> Answer:
        """Fills in service fields; see `wire.fields_body` for masked values and the pairs sent alike."""
        body = wire.fields_body(fields, exposed)
        path = api_path("domains", guid, "servicefields")
        return self._transport.send(Call("PATCH", path, Expect.DONE, "domain", body))

    def act(self, guid: str, action: str) -> Answer:
        """Queues an action of the contract's table on the domain."""
        name = dialects.wire_action(self._dialect, "domain", action)
        path = api_path("domains", guid, "actions")
        return self._transport.send(Call("POST", path, Expect.QUEUED, "action", wire.action_body(name)))

    def delete(self, guid: str) -> Answer:
        """Removes the record; only of an inactive or deleted domain."""
        return self._transport.send(Call("DELETE", api_path("domains", guid), Expect.DONE, "domain"))

    def list(
        self, *, page: int = 1, limit: int = lists.LIMIT, exact_match: bool = False, **filters: str
    ) -> Page:
        """One page of domains; `filters` from `FILTERS`; current only."""
        dialects.require(self._dialect, "domains.list")
        return lists.fetch(self._transport, "domains", FILTERS, page, limit, exact_match, filters)

    def each(self, *, exact_match: bool = False, **filters: str) -> Iterator[dict[str, Any]]:
        """Every domain of the list, page after page."""
        return lists.walk(
            lambda page: self.list(page=page, limit=lists.LIMIT, exact_match=exact_match, **filters)
        )
