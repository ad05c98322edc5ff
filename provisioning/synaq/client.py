"""The client of one API connection: the nouns, bound to one signed transport."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from provisioning.synaq.actions import Actions
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.domains import Domains
from provisioning.synaq.mailboxes import Mailboxes
from provisioning.synaq.ous import Ous
from provisioning.synaq.packages import Packages
from provisioning.synaq.signing import SwssAuth
from provisioning.synaq.transport import Made, Transport
from provisioning.synaq.usage import Usage


class Client:
    """Every call of the contract. Safe to share between threads; each has its own connection.

    `salts` gives a salt that this API user has never used. `gate`, if given, is called before each request
    and may wait or raise; `observe` is told of each that was made. `timeout` is (connect, read) in seconds.
    Every call returns an `Answer` (or what it documents) or raises `SynaqError`; what `salts` and `gate` raise
    comes through as it is.
    """

    def __init__(
        self,
        base_url: str,
        user: str,
        key: str,
        *,
        dialect: Dialect = Dialect.LEGACY,
        salts: Callable[[], str],
        timeout: tuple[float, float] = (3, 10),
        gate: Callable[[], None] | None = None,
        observe: Callable[[Made], None] | None = None,
    ) -> None:
        self.dialect = Dialect(dialect)
        self._transport = Transport(base_url, SwssAuth(user, key, salts), timeout, gate, observe)
        self.base_url = self._transport.base_url
        self.ous = Ous(self._transport, self.dialect)
        self.packages = Packages(self._transport, self.dialect)
        self.domains = Domains(self._transport, self.dialect)
        self.mailboxes = Mailboxes(self._transport, self.dialect)
        self.usage = Usage(self._transport, self.dialect)
        self.actions = Actions(self._transport)

    def close(self) -> None:
        """Closes the connections of all threads."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, {self.dialect})"
