"""Packages: one product bought by one OU, and the domains linked to it."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.synaq import dialects, wire
from provisioning.synaq.answers import Answer
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.transport import Call, Expect, Transport, api_path


class Packages:
    """Calls on `/packages` and `/ous/…/packages`."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport, self._dialect = transport, dialect

    def catalogue(self, ou_guid: str) -> Answer:
        """What a new package of this OU may be; read `raw` with `catalogue.read`."""
        return self._transport.send(Call("OPTIONS", api_path("ous", ou_guid, "packages"), Expect.ANYTHING))

    def create(
        self,
        ou_guid: str,
        code: str,
        editions: Collection[str] = (),
        *,
        expect_migration: bool = False,
        expect_domain_move: bool = False,
    ) -> Answer:
        """A package of a product. Editions are sent on legacy only, the two flags exist on current only."""
        body = wire.new_package_body(
            self._dialect,
            code,
            editions,
            expect_migration=expect_migration,
            expect_domain_move=expect_domain_move,
        )
        return self._transport.send(
            Call("POST", api_path("ous", ou_guid, "packages"), Expect.CREATED, "package", body)
        )

    def get(self, guid: str) -> Answer:
        """The package with its state and valid editions."""
        return self._transport.send(Call("GET", api_path("packages", guid), Expect.BODY, "package"))

    def delete(self, guid: str) -> Answer:
        """Removes the record; only when all its domains are deleted or it has none."""
        return self._transport.send(Call("DELETE", api_path("packages", guid), Expect.DONE, "package"))

    def act(self, guid: str, action: str) -> Answer:
        """Queues an action of the contract's table on the whole package."""
        name = dialects.wire_action(self._dialect, "package", action)
        path = api_path("packages", guid, "actions")
        return self._transport.send(Call("POST", path, Expect.QUEUED, "action", wire.action_body(name)))

    def link(self, package_guid: str, domain_guid: str) -> Answer:
        """Links a domain: 204, or on current 202 with the action that a migration or move starts."""
        return self._transport.send(Call("LINK", _link_path(package_guid, domain_guid), Expect.DONE))

    def unlink(self, package_guid: str, domain_guid: str) -> Answer:
        """Takes an inactive domain off the package; current only."""
        dialects.require(self._dialect, "packages.unlink")
        return self._transport.send(Call("UNLINK", _link_path(package_guid, domain_guid), Expect.DONE))

    def create_domain(
        self, package_guid: str, domain_name: str, *, provision_immediately: bool = False
    ) -> Answer:
        """A domain of the package's OU, linked to it; `provision_immediately` (202): CloudMail, legacy."""
        if provision_immediately:
            dialects.require(self._dialect, "packages.create_domain.provision_immediately")
        body = wire.new_domain_body(domain_name, provision_immediately=provision_immediately)
        path = api_path("packages", package_guid, "domains")
        return self._transport.send(Call("POST", path, Expect.CREATED, "domain", body))


def _link_path(package_guid: str, domain_guid: str) -> str:
    return api_path("packages", package_guid, "domains", domain_guid)
