"""Everything the sandbox knows, in memory, written through to the store."""

import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any
from uuid import uuid4

from sandbox.refusals import Refusal, missing
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.things import Book, Domain, Mailbox, Ou, Package, Plan, RemoteAction, Setting, Thing
from sandbox.wires import Wires

Due = tuple[float, str, str]
Call = tuple[float, str, str, int]  # when, method, path without its identifiers, status (0: no answer)
REMEMBERED = 100_000  # latest calls
Finish = Callable[["World", RemoteAction], None]


class World:
    """The tables, their indexes and the clock. Rules live in the modules named after the nouns."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.dice = random.Random()
        self.wires = Wires()
        self.calls: deque[Call] = deque(maxlen=REMEMBERED)
        self._forget()
        for thing in store.things():
            self._index(thing)

    def _forget(self) -> None:
        self.ous: dict[str, Ou] = {}
        self.packages: dict[str, Package] = {}
        self.domains: dict[str, Domain] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self.actions: dict[str, RemoteAction] = {}
        self.books: dict[str, Book] = {}
        self.plans: dict[str, Plan] = {}
        self.values: dict[str, Setting] = {}
        self.busy: dict[str, RemoteAction] = {}
        self.domain_names: dict[str, str] = {}
        self.addresses: dict[str, str] = {}
        self.mailboxes_of: defaultdict[str, dict[str, Mailbox]] = defaultdict(dict)
        self.domains_of: defaultdict[str, dict[str, Domain]] = defaultdict(dict)
        self.actions_of: defaultdict[str, list[RemoteAction]] = defaultdict(list)
        self._due: list[Due] = []

    def reset(self) -> None:
        """Empty the world; the used salts stay used."""
        self.store.clear()
        self._forget()

    # -- keeping -----------------------------------------------------------------------------------

    def save(self, thing: Thing) -> None:
        """Take in a new or changed thing."""
        self._index(thing)
        self.store.put(thing)

    def remove(self, thing: Thing) -> None:
        """Drop a thing from its table and from the indexes."""
        self._table(thing).pop(thing.key, None)
        self.store.remove(thing)
        if isinstance(thing, Domain):
            self.domain_names.pop(thing.name.lower(), None)
            for package in thing.services:
                self.domains_of[package].pop(thing.guid, None)
        elif isinstance(thing, Mailbox):
            self.addresses.pop(self.address(thing).lower(), None)
            self.mailboxes_of[thing.domain].pop(thing.guid, None)
        if not isinstance(thing, Plan):
            self._drop_actions(thing.key)

    def unlink(self, domain: Domain, package_guid: str) -> None:
        """Take a package's service off a domain."""
        domain.services.pop(package_guid, None)
        self.domains_of[package_guid].pop(domain.guid, None)
        self.save(domain)

    def _drop_actions(self, guid: str) -> None:
        # the actions of a removed object answer 404 like the object; the control page still lists them
        for action in self.actions_of.pop(guid, []):
            action.gone = True
            self.store.put(action)

    def _table(self, thing: Thing) -> dict[str, Thing]:
        tables: dict[str, object] = {
            "ou": self.ous,
            "package": self.packages,
            "domain": self.domains,
            "mailbox": self.mailboxes,
            "action": self.actions,
            "book": self.books,
            "plan": self.plans,
            "setting": self.values,
        }
        return tables[thing.kind]  # type: ignore[return-value]

    def _index(self, thing: Thing) -> None:
        table = self._table(thing)
        new = thing.key not in table
        table[thing.key] = thing
        if isinstance(thing, Domain):
            self.domain_names[thing.name.lower()] = thing.guid
            for package in thing.services:
                self.domains_of[package][thing.guid] = thing
        elif isinstance(thing, Mailbox) and new:
            self.mailboxes_of[thing.domain][thing.guid] = thing
            self.addresses[self.address(thing).lower()] = thing.guid
        elif isinstance(thing, RemoteAction):
            self._index_action(thing, new)
        if isinstance(thing, Mailbox) and thing.relock_at is not None:
            heappush(self._due, (thing.relock_at, "relock", thing.guid))

    def _index_action(self, action: RemoteAction, new: bool) -> None:
        if new and not action.gone:
            self.actions_of[action.guid].append(action)
        if action.state == "running":
            self.busy.update(dict.fromkeys(action.touches, action))
            if new:
                heappush(self._due, (action.due_at, "action", action.key))

    # -- finding -----------------------------------------------------------------------------------

    def address(self, mailbox: Mailbox) -> str:
        """The whole mail address of a mailbox."""
        return f"{mailbox.email_local}@{self.domains[mailbox.domain].name}"

    def ou(self, guid: str) -> Ou:
        """An OU within the caller's scope; raises Refusal 404 or 403."""
        found = self.ous.get(guid)
        if found is None:
            raise missing("Organisational unit")
        self._check_scope(guid)
        return found

    def package(self, guid: str) -> Package:
        """A package within the caller's scope; raises Refusal 404 or 403."""
        found = self.packages.get(guid)
        if found is None:
            raise missing("Package")
        self._check_scope(found.ou)
        return found

    def domain(self, guid: str) -> Domain:
        """A domain within the caller's scope; raises Refusal 404 or 403."""
        found = self.domains.get(guid)
        if found is None:
            raise missing("Domain")
        self._check_scope(found.ou)
        return found

    def mailbox(self, guid: str) -> Mailbox:
        """A mailbox within the caller's scope; raises Refusal 404 or 403."""
        found = self.mailboxes.get(guid)
        if found is None:
            raise missing("Mailbox")
        self._check_scope(self.domains[found.domain].ou)
        return found

    def in_scope(self, ou_guid: str | None) -> bool:
        """Whether an OU is the caller's reseller or below it."""
        while ou_guid is not None and ou_guid != self.settings.reseller_guid:
            ou_guid = self.ous[ou_guid].parent
        return ou_guid is not None

    def _check_scope(self, ou_guid: str) -> None:
        if not self.in_scope(ou_guid):
            raise Refusal(403, "Access denied.")

    def children(self, ou_guid: str) -> Iterator[Ou]:
        """The OUs right below one."""
        return (ou for ou in self.ous.values() if ou.parent == ou_guid)

    # -- values, books, names ----------------------------------------------------------------------

    def value(self, name: str, default: Any = None) -> Any:
        """A knob or counter of the sandbox itself."""
        found = self.values.get(name)
        return default if found is None else found.value

    def set_value(self, name: str, value: object) -> None:
        """Change a knob or counter."""
        self.save(Setting(name, value))

    def count(self, name: str) -> int:
        """Raise a counter by one and return it."""
        setting = self.values.get(name) or Setting(name, 0)
        setting.value += 1
        self.save(setting)
        return int(setting.value)

    def accepted(self, thing: Thing, change: str, *, applied: bool = False) -> None:
        """Enter a change into the books; `applied` where it took effect at once."""
        book = self._book(thing)
        book.accepted[change] = book.accepted.get(change, 0) + 1
        self.save(book)
        if applied:
            self.applied(thing, change)

    def applied(self, thing: Thing, change: str) -> None:
        """Enter into the books that a change took effect."""
        book = self._book(thing)
        book.applied[change] = book.applied.get(change, 0) + 1
        self.save(book)

    def _book(self, thing: Thing) -> Book:
        return self.books.get(thing.key) or Book(thing.key, thing.kind, self.name_of(thing))

    def name_of(self, thing: Thing) -> str:
        """What a person would call this thing."""
        match thing:
            case Ou():
                return thing.title
            case Package():
                return thing.code
            case Domain():
                return thing.name
            case Mailbox():
                return self.address(thing)
        return thing.key

    def new_guid(self) -> str:
        """A GUID for something new."""
        return str(uuid4())

    # -- time --------------------------------------------------------------------------------------

    def due(self) -> Iterator[tuple[str, str, float]]:
        """Take out what has come due, in order: ('action' or 'relock', key, when)."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            when, what, key = heappop(self._due)
            yield what, key, when

    def reschedule(self, action: RemoteAction) -> None:
        """Put an action with a new due time into the queue; its old place there is passed over."""
        heappush(self._due, (action.due_at, "action", action.key))
        self.store.put(action)

    def free(self, action: RemoteAction) -> None:
        """An action has ended: its objects may be changed again."""
        for guid in action.touches:
            if self.busy.get(guid) is action:
                del self.busy[guid]
