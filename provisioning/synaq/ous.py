"""Organisational units: the reseller, its sub-resellers and companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.synaq import dialects, lists, wire
from provisioning.synaq.answers import Answer, Page
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.transport import Call, Expect, Transport, api_path

FILTERS = ("parent_guid", "type", "title", "search", "order_by", "sort")


class Ous:
    """Calls on `/ous`."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport, self._dialect = transport, dialect

    def create_company(self, parent_guid: str, ou: Mapping[str, Any]) -> Answer:
        """A company under a reseller or sub-reseller; `ou` as in `wire.ou_body`."""
        return self._create(parent_guid, "companies", ou)

    def create_subreseller(self, parent_guid: str, ou: Mapping[str, Any]) -> Answer:
        """A sub-reseller; legacy only."""
        dialects.require(self._dialect, "ous.create_subreseller")
        return self._create(parent_guid, "subresellers", ou)

    def get(self, guid: str) -> Answer:
        """The OU as it is."""
        return self._transport.send(Call("GET", api_path("ous", guid), Expect.BODY, "ou"))

    def update(self, guid: str, ou: Mapping[str, Any]) -> Answer:
        """Only what changes; current only."""
        dialects.require(self._dialect, "ous.update")
        return self._transport.send(Call("PATCH", api_path("ous", guid), Expect.DONE, "ou", wire.ou_body(ou)))

    def delete(self, guid: str) -> Answer:
        """Removes the record; refused while it has active packages."""
        return self._transport.send(Call("DELETE", api_path("ous", guid), Expect.DONE, "ou"))

    def list(
        self, *, page: int = 1, limit: int = lists.LIMIT, exact_match: bool = False, **filters: str
    ) -> Page:
        """One page of OUs; `filters` from `FILTERS`; current only."""
        dialects.require(self._dialect, "ous.list")
        return lists.fetch(self._transport, "ous", FILTERS, page, limit, exact_match, filters)

    def each(self, *, exact_match: bool = False, **filters: str) -> Iterator[dict[str, Any]]:
        """Every OU of the list, page after page."""
        return lists.walk(
            lambda page: self.list(page=page, limit=lists.LIMIT, exact_match=exact_match, **filters)
        )

    def find_reseller(self) -> dict[str, Any] | None:
        """The reseller that this API user belongs to, or None; current only."""
        dialects.require(self._dialect, "ous.find_reseller")
        found = self.list(type="reseller", limit=1).items
        return found[0] if found else None

    def _create(self, parent_guid: str, below: str, ou: Mapping[str, Any]) -> Answer:
        path = api_path("ous", parent_guid, below)
        return self._transport.send(Call("POST", path, Expect.CREATED, "ou", wire.new_ou_body(ou)))
