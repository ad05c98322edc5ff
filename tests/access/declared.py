"""Every route of what the portal looks after: who gets in, with GET and with POST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.access.declaring import COMPANIES, PUBLIC, Route
from tests.access.world import GONE, PLACES, Place

ALL = "OSNAFCHM"
STAFF = "OSNAF"  # who see companies, packages, domains
CHANGE = "OSN"  # who change them
PRICE = "OF"  # who say what it costs
BILL = "OS"  # who do what is billed
ACTIVITY = "OSNACH"  # who see what is going on; also who see mailboxes
HELP = "OSNCH"  # who help with mailboxes
BOXES = "OSNC"  # who make and end mailboxes
DOMAINS, CHANGE_DOMAINS = "OSNAM", "OSNM"  # the made role looks after domains
SEES = frozenset({200})
LED = frozenset({302, 303})


def told(kind: str, word: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.things[kind].guid, word]


def end_of(kind: str) -> Callable[[Place], list[Any]]:
    return lambda place: [kind, place.things[kind].guid]


def company(place: Place) -> list[Any]:
    return [place.ou.guid]


_FOUND = (
    Route("attention:list", get=ACTIVITY),
    Route("bell:list", get=ACTIVITY, shows=SEES | LED),
    Route("bell:count", get=ACTIVITY),
)
_OUS = (
    Route("ous:list", get=STAFF),
    Route("ous:resellers", get=STAFF),
    Route("ous:new", get=CHANGE, post=CHANGE),
    Route("ous:new_subreseller", get=CHANGE, post=CHANGE),
    Route("ous:detail", "ou", get=STAFF),
    Route("ous:edit", "ou", get=CHANGE, post=CHANGE),
    Route("ous:delete", "ou", get=CHANGE, post=CHANGE, fresh=True),
    Route("ous:refresh", "ou", post=STAFF),
    Route("customers:list", get=STAFF),
    Route("customers:start", get=CHANGE, post=CHANGE),
    Route("customers:flow", "flow", get=STAFF, post=STAFF, query="?step=company"),
    Route("customers:close", "flow", post=CHANGE),
)
_PACKAGES = (
    Route("packages:list", get=STAFF),
    Route("packages:new", "ou", get=BILL, post=BILL, at=COMPANIES),
    Route("packages:detail", "package", get=STAFF),
    Route("packages:do", "package", get=CHANGE, post=CHANGE, args=told("package", "close")),
    Route("packages:delete", "package", get=CHANGE, post=CHANGE),
    Route("packages:refresh", "package", post=STAFF),
)
_DOMAINS = (
    Route("domains:list", get=DOMAINS),
    Route("domains:new", "ou", get=CHANGE, post=CHANGE, at=COMPANIES),
    Route("domains:detail", "domain", get=DOMAINS),
    Route("domains:link", "domain", get=CHANGE_DOMAINS, post=CHANGE_DOMAINS),
    Route("domains:fields", "domain", get=CHANGE_DOMAINS, post=CHANGE_DOMAINS),
    Route("domains:provision", "domain", get=BILL, post=BILL),
    Route("domains:do", "domain", get=CHANGE_DOMAINS, post=CHANGE_DOMAINS, args=told("domain", "close")),
    Route("domains:do", "domain", get=CHANGE_DOMAINS, post=CHANGE_DOMAINS, args=told("domain", "refresh")),
    Route("domains:delete", "domain", get=CHANGE_DOMAINS, post=CHANGE_DOMAINS),
    Route("domains:refresh", "domain", post=DOMAINS),
)
_MAILBOXES = (
    Route("mailboxes:list", get=ACTIVITY),
    Route("mailboxes:selected", get=ACTIVITY, post=HELP, shows=LED, data=lambda _: {"operation": "suspend"}),
    Route("mailboxes:failed", "batch", get=ACTIVITY),
    Route("mailboxes:import", get="OSC", post="OSC"),
    Route("mailboxes:import_template", get=BOXES),
    Route("mailboxes:import_check", "import", post=""),  # somebody else's: nobody's
    Route("mailboxes:import_passwords", "import", post=""),
    Route("mailboxes:choose", get=BOXES, shows=SEES | LED),
    Route("mailboxes:new", "domain", get="OSC", post="OSC"),
    Route("mailboxes:detail", "mailbox", get=ACTIVITY),
    Route("mailboxes:edit", "mailbox", get=HELP, post=HELP),
    Route("mailboxes:edition", "mailbox", get=BILL, post=BILL),
    Route("mailboxes:unlock", "mailbox", get=HELP, post=HELP),
    Route("mailboxes:delete", "mailbox", get=BOXES, post=BOXES),
    Route("mailboxes:delete_later", "mailbox", post=BOXES),
    Route("mailboxes:do", "mailbox", get=HELP, post=HELP, args=told("mailbox", "suspend")),
    Route("mailboxes:refresh", "mailbox", post=ACTIVITY),
)
_BATCHES = (
    Route("batches:list", get=ACTIVITY),
    Route("batches:detail", "batch", get=ACTIVITY),
    Route("batches:resume", "batch", post=HELP),
    Route("batches:abandon", "batch", post=HELP),
    Route("batches:unschedule", "scheduled", post=BOXES),
    *(
        Route(f"batches:{name}", kind, get=who, post=who, shows=shows, at=COMPANIES, fresh=kind == "ou",
              args=end_of(kind))
        for name, shows in (("teardown", SEES), ("schedule", LED))
        for kind, who in (("mailbox", BOXES), ("domain", CHANGE), ("package", CHANGE), ("ou", CHANGE))
    ),
)  # fmt: skip
_ACTIVITY = (
    Route("activity:list", get=ACTIVITY),
    Route("activity:detail", "action", get=ACTIVITY),
    Route("activity:detail", "queued", get=ACTIVITY),
    Route("activity:detail", "unconfirmed", get=ACTIVITY),
    Route("activity:again", "failed", post=HELP),
    Route("activity:cancel", "queued", post=HELP),
    Route("activity:settle", "unconfirmed", post=HELP),
    Route("activity:settle_several", get=ACTIVITY, post=ACTIVITY),
    Route("acting:list", get=ACTIVITY),
)
SLICES: tuple[Route, ...] = (*_FOUND, *_OUS, *_PACKAGES, *_DOMAINS, *_MAILBOXES, *_BATCHES, *_ACTIVITY)

PEOPLE = "OAM"  # who see who has access
_PEOPLE = (
    Route("people:list", get=PEOPLE),
    Route("people:invitations", get=PEOPLE),
    Route("people:detail", "person", get=PEOPLE, at=PLACES),
    Route("people:invite_where", get="O", shows=SEES | LED),
    Route("people:invite", "ou", get="O", post="O", at=PLACES, fresh=True),
    Route("people:invite_again", "invitation", get="O", post="O", fresh=True),
    Route("people:withdraw", "invitation", get="O", post="O"),
    Route("people:give_where", "person", get="O", shows=SEES | LED),
    Route("people:give", "person", get="O", post="O", fresh=True,
          args=lambda place: [place.things["person"].pk, place.ou.guid]),
    Route("people:end_role", "membership", get="O", post="O", fresh=True,
          args=lambda place: [place.things["person"].pk, place.things["membership"].pk]),
    Route("people:leave", "person", get="O", post="O", fresh=True),
    Route("people:reset_factor", "person", get="O", post="O", fresh=True),
    Route("rights:list", get=PEOPLE),
    Route("rights:new", get="O", post="O", fresh=True),
    Route("rights:factor", get="O", post="O", fresh=True),
    Route("rights:edit", "role", get="O", post="O", fresh=True),
    Route("rights:retire", "role", get="O", post="O", fresh=True),
    Route("invitations:open", get=PUBLIC, shows=frozenset({404})),
    Route("invitations:link", get=PUBLIC, shows=LED, args=lambda _: ["a-token-that-nobody-made"]),
)  # fmt: skip
_PORTAL = (
    Route("trail:list", get="OA"),
    Route("trail:detail", "entry", get="OA"),
    Route("connecting:list", get="O", fresh=True),
    Route("connecting:new", get="O", post="O", only_held_at="root", fresh=True),
    Route("connecting:detail", "connection", get="O", fresh=True),
    Route("connecting:edit", "connection", get="O", post="O", fresh=True),
    Route("connecting:things", "connection", get="O", post="O", fresh=True),
    Route("connecting:test", "connection", post="O", fresh=True),
    Route("connecting:drop_key", "connection", post="O", fresh=True),
    Route("health_page:page", get="O"),
    Route("branding:list", get="O"),
    Route("branding:edit", "ou", get="O", post="O", at=("root", "sub"), fresh=True),
    Route("branding:remove", "ou", get="O", post="O", at=("root", "sub"), fresh=True),
    Route("branding:look", get="O", args=lambda _: ["0a7bc2"]),
    Route("acting:begin", "ou", get="OS", post="OS", at=("company", "sibling"), fresh=True),
)
_PRICES = (
    Route("prices:list", get=STAFF),
    Route("prices:detail", "prices", get=STAFF),
    Route("prices:new", get=PRICE, post=PRICE),
    Route("prices:edit", "prices", get=PRICE, post=PRICE),
    Route("prices:end", "prices", get=PRICE, post=PRICE),
    Route("prices:export", "prices", get=STAFF),
    Route("prices:projection", get=STAFF),
)
# The made role of the world does not see usage; whoever has domains counted must see it.
_USAGE = (
    Route("usage:list", get=STAFF),
    Route("usage:months", get=STAFF),
    Route("usage:company", "ou", get=STAFF, at=COMPANIES),
    Route("usage:domain", "domain", get=STAFF),
    Route("usage:runs", get=STAFF),
    Route("usage:run", "run", get=STAFF),
    Route("usage:collect", get=CHANGE, post=CHANGE),
)
RESELLERS = ("root", "sub", "other")  # months are closed for them alone


def month(*more: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.ou.guid, "2026-10", *more]


def statement(*more: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.ou.guid, "2026-10", place.things.get("customer", place.ou).guid, *more]


_MONTHS = (
    Route("months:list", get=STAFF),
    Route("months:detail", "ou", get=STAFF, at=RESELLERS, args=month()),
    Route("months:close", "ou", get=PRICE, post=PRICE, at=RESELLERS, args=month()),
    Route("months:adjust", "ou", get=PRICE, post=PRICE, at=RESELLERS, args=month()),
    Route("months:invoice", "ou", get=STAFF, post=STAFF, at=RESELLERS, args=month()),
    Route("months:notices", "ou", get=PRICE, post=PRICE, at=RESELLERS),
    Route("months:quota", "ou", post=PRICE, at=RESELLERS),
    Route(
        "months:remove_quota",
        "quota",
        post=PRICE,
        at=("root", "sub"),
        args=lambda place: [place.ou.guid, place.things["quota"].pk],
    ),
    Route("months:workbook", "ou", get=STAFF, at=RESELLERS, args=month()),
    Route("months:statement", "ou", get=STAFF, at=RESELLERS, args=statement()),
    Route("months:statement_file", "ou", get=STAFF, at=RESELLERS, args=statement("pdf")),
)
PORTAL: tuple[Route, ...] = (*_PEOPLE, *_PORTAL, *_PRICES, *_USAGE, *_MONTHS)
__all__ = ["GONE", "PORTAL", "SLICES"]
