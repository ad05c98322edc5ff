"""Every route that takes a POST, with a sound form for it; and the routes that only show something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.integration.factories import PASSWORD as OWN_PASSWORD
from tests.integration.wrong_input.world import FIELDS, World

Data = dict[str, Any]
PASSWORD = "N3w-Sample$"
REASON = {"reason": "They left"}


@dataclass(frozen=True)
class Case:
    """One form.

    args: what the route names. data: a sound form, the submission apart. query: the address's.
    texts: fields for free text; choices: fields that hold one of several; secrets: never sent back; needed: those of
    them that have to be filled in. gone: what may have vanished meanwhile. once: a second person's form adds nothing.
    asks: whether it opens anything in the ledger.
    """

    route: str
    args: Callable[[World], list[Any]] = lambda _: []
    data: Callable[[World], Data] = lambda _: {}
    query: str = ""
    texts: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    gone: Callable[[World], Any] | None = None
    once: bool = True
    asks: bool = True
    name: str = ""

    def __str__(self) -> str:
        return f"{self.route} {self.name}".strip()


def thing(name: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, name).guid]


def kind_and_guid(name: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, name).kind, getattr(world, name).guid]


def of(name: str) -> Callable[[World], Any]:
    return lambda world: getattr(world, name)


def always(**data: Any) -> Callable[[World], Data]:
    return lambda _: data


ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
COMPANY_TEXTS = (
    "title",
    "client_ref",
    "phone_number",
    "vat_number",
    "line_1",
    "line_2",
    "city",
    "postal_code",
)
COMPANY_NEEDED = ("title", "line_1", "city", "postal_code", "country", "parent")


def company(world: World) -> Data:
    more = {"client_ref": "C-1", "phone_number": "011 1", "vat_number": "1", "line_2": "Floor 1"}
    return {"parent": world.root.guid, "title": "Acme Two", **ADDRESS, **more}


def edited(world: World) -> Data:
    was = {
        "title": "Modern Ltd", "client_ref": "M-1", "phone_number": "011 1", "vat_number": "987",
        "line_1": "1 Road", "line_2": "", "line_3": "", "city": "Durban", "postal_code": "4001", "country": "ZA",
    }  # fmt: skip
    typed = {name: f"{value} new" for name, value in was.items() if name not in ("postal_code", "country")}
    hidden = {f"initial-{name}": value for name, value in was.items()}
    return {**hidden, **typed, "postal_code": "4002", "country": "NA"}


def later(world: World) -> Data:
    return {"due_on": (timezone.localdate() + timedelta(days=30)).isoformat(), **REASON}


def service_fields(world: World) -> Data:
    opened = {"initial-mail_delivery_location": FIELDS["mail_delivery_location"], "initial-retries": "3"}
    typed = {"mail_delivery_location": "mx.example", "retries": "4", "hosts": "a.example\nb.example"}
    return {**opened, **typed, "initial-hosts": "", "password": PASSWORD}


MAILBOX = {
    "email_local": "ann", "first_name": "Ann", "last_name": "Smith", "display_name": "Ann Smith",
    "package_edition_code": "SYN-CMS-BASIC-02", "password": PASSWORD, "at_once": "on",
}  # fmt: skip
MAILBOX_FIELDS: Data = {
    "texts": ("email_local", "first_name", "last_name", "display_name"),
    "choices": ("package_edition_code",),
    "secrets": ("password",),
    "needed": ("email_local", "last_name", "password"),
}
EDITED_MAILBOX = {
    "first_name": "Thandi", "last_name": "Ndlovu", "display_name": "T", "description": "D", "password": PASSWORD,
}  # fmt: skip


def told(kind: str, name: str, operation: str) -> Case:
    """A thing that is told to do something, with a reason."""
    return Case(
        f"{kind}:do",
        lambda world: [getattr(world, name).guid, operation],
        always(**REASON),
        texts=("reason",),
        gone=of(name),
        name=operation,
    )


def ended(route: str, name: str, args: Callable[[World], list[Any]] | None = None) -> Case:
    """A thing that is ended once its name has been typed."""
    return Case(
        route,
        args or thing(name),
        lambda world: {"typed_name": str(getattr(world, name)), **REASON},
        texts=("typed_name", "reason"),
        needed=("typed_name",),
        gone=of(name),
        name=name,
    )


def dated(route: str, name: str, args: Callable[[World], list[Any]]) -> Case:
    return Case(
        route,
        args,
        later,
        texts=("reason",),
        choices=("due_on",),
        needed=("due_on",),
        gone=of(name),
        name=name,
    )


def pressed(route: str, args: Callable[[World], list[Any]], **facts: Any) -> Case:
    """A button alone."""
    return Case(route, args, **facts)


def step(name: str, data: Callable[[World], Data], **facts: Any) -> Case:
    """One step of a new customer."""
    return Case(
        "customers:flow", lambda world: [world.flow(name).pk], data, query=f"?step={name}", name=name, **facts
    )


def _new_package(world: World) -> str:
    return str(world.root.__class__.objects.get(title="New Ltd").packages.get().guid)


SETTLED = {"applied": "yes", "guid": "a-guid"}
OUS = (
    Case("ous:new", data=company, texts=COMPANY_TEXTS, choices=("country", "parent"), needed=COMPANY_NEEDED,
         gone=of("root"), once=False),
    Case("ous:new_subreseller", data=company, texts=("title",), choices=("country", "parent"),
         needed=COMPANY_NEEDED, once=False),
    Case("ous:edit", thing("modern"), edited, texts=COMPANY_TEXTS, choices=("country",), needed=("title", "city"),
         gone=of("modern"), once=False),
    ended("ous:delete", "bare"),
    pressed("ous:refresh", thing("acme"), asks=False),
)  # fmt: skip
PACKAGES = (
    Case("packages:new", thing("acme"), always(product="SYN-CMS", **{"edition-SYN-CMS": "SYN-CMS-BASIC-02"}),
         choices=("product",), needed=("product",), gone=of("acme"), once=False),
    Case("packages:new", thing("acme"), always(way="typed", code="SYN-NEW", editions="SYN-NEW-01"),
         texts=("code", "editions"), needed=("code", "editions"), gone=of("acme"), once=False, name="typed"),
    told("packages", "package", "close"),
    ended("packages:delete", "spare"),
    pressed("packages:refresh", thing("package"), asks=False),
)  # fmt: skip
DOMAINS = (
    Case("domains:new", thing("acme"), always(domain_name="new.example", way="alone"), texts=("domain_name",),
         choices=("way",), needed=("domain_name", "way"), gone=of("acme"), once=False),
    Case("domains:link", thing("fresh"), lambda world: {"package": world.spare.guid}, choices=("package",),
         needed=("package",), gone=of("fresh"), once=False),
    Case("domains:fields", thing("fresh"), service_fields, texts=("mail_delivery_location", "hosts"),
         choices=("retries",), secrets=("password",), gone=of("fresh"), once=False),
    Case("domains:provision", thing("fresh"), gone=of("fresh")),
    told("domains", "domain", "close"),
    ended("domains:delete", "fresh"),
    pressed("domains:refresh", thing("domain"), asks=False),
)  # fmt: skip
MAILBOXES = (
    Case("mailboxes:new", thing("domain"), always(**MAILBOX), gone=of("domain"), once=False, **MAILBOX_FIELDS),
    Case("mailboxes:edit", thing("mailbox"), always(**EDITED_MAILBOX), gone=of("mailbox"), once=False,
         texts=("first_name", "last_name", "display_name", "description"), secrets=("password",),
         needed=("last_name",)),
    Case("mailboxes:edition", thing("mailbox"),
         lambda world: {"edition": f"{world.package.guid} SYN-CM-PREM-25-ARCH"}, choices=("edition",),
         needed=("edition",), gone=of("mailbox"), once=False),
    Case("mailboxes:unlock", thing("locked"), always(password=PASSWORD), secrets=("password",),
         needed=("password",), gone=of("locked")),
    told("mailboxes", "mailbox", "suspend"),
    ended("mailboxes:delete", "mailbox"),
    dated("mailboxes:delete_later", "mailbox", thing("mailbox")),
    pressed("mailboxes:refresh", thing("mailbox"), asks=False),
)  # fmt: skip
BATCHES = (
    *(ended("batches:teardown", name, kind_and_guid(name))
      for name in ("mailbox", "domain", "package", "acme")),
    *(dated("batches:schedule", name, kind_and_guid(name))
      for name in ("mailbox", "domain", "package", "acme")),
    pressed("batches:unschedule", lambda world: [world.dated().pk], asks=False),
    pressed("batches:resume", lambda world: [world.stopped().pk], asks=False),
    pressed("batches:abandon", lambda world: [world.running().pk], asks=False),
)  # fmt: skip
ACTIVITY = (
    pressed("activity:again", lambda world: [world.action("failed").pk]),
    pressed("activity:cancel", lambda world: [world.action("queued").pk]),
    Case("activity:settle", lambda world: [world.lost_creation().pk], always(**SETTLED), texts=("guid",)),
    Case("activity:settle_several", data=lambda world: {"action": world.lost_creation().pk, "applied": "no"}, asks=False),
)  # fmt: skip
CUSTOMERS = (
    Case("customers:start", data=company, texts=("title", "city"), choices=("country", "parent"),
         needed=COMPANY_NEEDED, gone=of("root"), once=False),
    step("company", company, texts=("title",), choices=("country", "parent"), needed=COMPANY_NEEDED),
    step("package", always(product="SYN-CMS", **{"edition-SYN-CMS": "SYN-CMS-BASIC-02"}), choices=("product",),
         needed=("product",)),
    step("domain", lambda world: {"domain_name": "new.example", "way": f"under:{_new_package(world)}"},
         texts=("domain_name",), choices=("way",), needed=("domain_name", "way")),
    step("fields", always(mail_delivery_location="mx.example", **{"initial-mail_delivery_location": ""}),
         texts=("mail_delivery_location",)),
    step("provision", always()),
    step("mailboxes", always(**MAILBOX), once=False, **MAILBOX_FIELDS),
    pressed("customers:close", lambda world: [world.flow("provision").pk], asks=False),
)  # fmt: skip
SHELL = (
    Case("theme", data=always(theme="dark", next="/"), asks=False),
    Case("columns", lambda _: ["mailboxes"], always(column="address", next="/mailboxes/"), asks=False),
    Case("account_login", data=always(login="anne@example.test", password=OWN_PASSWORD), asks=False),
    Case("account_logout", asks=False),
    Case("account_reauthenticate", data=always(password=OWN_PASSWORD), asks=False),
    Case("account_change_password", asks=False,
         data=always(oldpassword=OWN_PASSWORD, password1="Quite-another-9", password2="Quite-another-9")),
)  # fmt: skip
FORMS = (*OUS, *PACKAGES, *DOMAINS, *MAILBOXES, *BATCHES, *ACTIVITY, *CUSTOMERS, *SHELL)

# What only shows something, whatever it is sent: route → what it names.
SHOWN: dict[str, Callable[[World], list[Any]]] = {
    **dict.fromkeys(
        (
            "home", "health", "health_live", "health_ready", "attention:list", "search:all", "bell:list", "bell:count",
            "ous:list", "ous:resellers",
            "customers:list", "packages:list", "domains:list", "mailboxes:list", "mailboxes:choose", "batches:list",
            "activity:list",
        ),
        lambda _: [],
    ),
    "ous:detail": thing("acme"),
    "packages:detail": thing("package"),
    "domains:detail": thing("domain"),
    "mailboxes:detail": thing("locked"),
    "batches:detail": lambda world: [world.stopped().pk],
    "activity:detail": lambda world: [world.action("failed", words="No.").pk],
}  # fmt: skip

# Of suites of their own, hostile forms among them: signing in and its second factors (tests/integration/accounts), who
# holds what (people), looking as somebody else (acting), the trail, connections and appearance, many mailboxes at once
# (mailboxes), prices and months, the portal's own health (operating).
ELSEWHERE = (
    "account_", "acting:", "branding:", "connecting:", "csp_report", "end_", "health_page:", "invitation",
    "mailboxes:failed", "mailboxes:import", "mailboxes:selected", "metrics", "mfa_", "months:", "oidc_",
    "openid_", "people:", "prices:", "rights:", "second_factor", "security", "socialaccount_", "trail:",
    "usage:",
)  # fmt: skip
