"""Mailboxes: making, changing, suspending, unlocking, ending them."""

from dataclasses import dataclass
from typing import Any

from sandbox import actions
from sandbox.catalogue import BY_CODE
from sandbox.http import NO_CONTENT, Answer, Call, created, ok
from sandbox.payload import BLANK, USED, Field, email_local, password, read, ssha_password
from sandbox.refusals import Refusal, conflict, invalid
from sandbox.settings import CURRENT
from sandbox.states import PROVISIONED, check_idle, mailbox_state
from sandbox.things import Domain, Mailbox, RemoteAction
from sandbox.world import World

PROFILE = (
    Field("last_name", required=True),
    Field("first_name"),
    Field("display_name"),
    Field("password", required=True, check=password),
)
CURRENT_PROFILE = (
    *PROFILE[:3],
    Field("password", check=password),
    Field("ssha_password", check=ssha_password),
    Field("description"),
    Field("admin", type="flag"),
    Field("hide_in_gal", type="flag"),
)
NEW = (
    Field("email_local", required=True, check=email_local),
    Field("package_edition_code"),
    Field("provision_immediately", type="flag"),
)
SHOWN = ("first_name", "last_name", "display_name")
PASSWORDS = ("password", "ssha_password")
EDITION = "Edition"
HEADER = "Location"


@dataclass(frozen=True)
class Step:
    """From which states an action leads to which; `locked` says whether it wants the lock or its absence."""

    source: frozenset[str]
    to: str
    locked: bool = False


STEPS = {
    "Provision": Step(frozenset({"inactive", "error", "failed"}), "active"),
    "Suspend": Step(frozenset({"active"}), "suspended"),
    "Close": Step(frozenset({"active", "suspended"}), "closed"),
    "Activate": Step(frozenset({"suspended", "closed"}), "active"),
    "Unlock": Step(frozenset({"suspended"}), "active", locked=True),
}


def _profile(world: World) -> tuple[Field, ...]:
    return CURRENT_PROFILE if world.settings.dialect == CURRENT else PROFILE


def create(world: World, call: Call) -> Answer:
    """POST of a mailbox under a provisioned domain, provisioned at once if wished."""
    domain = world.domain(call.path["guid"])
    given = read(call.body, "mailbox", (*NEW, *_profile(world)))
    _check_password(given, required=True)
    local, code = given.pop("email_local"), given.pop("package_edition_code", None)
    at_once = bool(given.pop("provision_immediately", False))
    if f"{local}@{domain.name}".lower() in world.addresses:
        raise invalid(f"email_local: {USED}")
    editions = _edition_of(world, domain, code)
    mailbox = Mailbox(world.new_guid(), domain.guid, local, editions)
    _set(mailbox, given, world.clock())
    world.save(mailbox)
    world.accepted(mailbox, "Create", applied=True)
    if not at_once:
        return created(f"/api/v1/mailboxes/{mailbox.guid}", header=HEADER)
    return actions.queued(world, actions.submit(world, mailbox, "Provision"))


def _check_password(given: dict[str, Any], *, required: bool) -> None:
    count = sum(bool(given.get(name)) for name in PASSWORDS)
    if count > 1:
        raise invalid("ssha_password: Only one of password and ssha_password may be given.")
    if required and not count:
        raise invalid(f"password: {BLANK}")


def _edition_of(world: World, domain: Domain, code: str | None) -> dict[str, str]:
    """The package and edition for a new mailbox: the named one, else the default of the first package."""
    holding = [
        world.packages[guid]
        for guid, state in domain.services.items()
        if state == "active" and BY_CODE[world.packages[guid].code].by_mailbox
    ]
    if not holding:
        raise conflict("The domain has no active service that holds mailboxes.")
    for package in holding:
        if code is None or code in package.editions:
            return {package.guid: code or package.editions[0]}
    raise invalid("package_edition_code: The value you selected is not a valid choice.")


def _set(mailbox: Mailbox, given: dict[str, Any], at: float) -> None:
    if any(given.get(name) for name in PASSWORDS) or "password_at" in given:
        mailbox.password_at = at
    mailbox.profile |= {
        name: value for name, value in given.items() if name not in (*PASSWORDS, "password_at", "edition")
    }
    mailbox.editions |= given.get("edition", {})


def get(world: World, call: Call) -> Answer:
    """GET of a mailbox."""
    return ok(body(world, world.mailbox(call.path["guid"])))


def body(world: World, mailbox: Mailbox) -> dict[str, Any]:
    """What GET shows: never a password, the lock's words only while it is locked."""
    state = mailbox_state(world, mailbox)
    lock = mailbox.lock if mailbox.account_locked else {}
    return {
        "guid": mailbox.guid,
        "email": world.address(mailbox),
        **{name: mailbox.profile.get(name) for name in SHOWN},
        "state": state,
        "account_locked": mailbox.account_locked,
        "lock_type": lock.get("type"),
        "lock_reason_code": lock.get("code"),
        "lock_reason": lock.get("reason"),
        "packages": packages(world, mailbox, state),
    }


def packages(world: World, mailbox: Mailbox, state: str) -> list[dict[str, Any]]:
    """The packages that a mailbox is on, with its edition of each."""
    return [
        {"guid": guid, "code": world.packages[guid].code, "edition_code": edition, "state": state}
        for guid, edition in mailbox.editions.items()
        if guid in world.packages
    ]


def entry(world: World, mailbox: Mailbox) -> dict[str, Any]:
    """What a list of the current generation shows of a mailbox."""
    shown = body(world, mailbox)
    for name in ("lock_type", "lock_reason_code", "lock_reason"):
        del shown[name]
    return shown | {
        "description": mailbox.profile.get("description"),
        "admin": bool(mailbox.profile.get("admin")),
        "hide_in_gal": bool(mailbox.profile.get("hide_in_gal")),
        "type": "mailbox",
        "aliases": [],
        "auth_locked": False,
        "spam_locked": False,
    }


def patch(world: World, call: Call) -> Answer:
    """PATCH: at once while inactive, by an Update action when provisioned."""
    mailbox = world.mailbox(call.path["guid"])
    given = read(call.body, "mailbox", _profile(world), partial=True)
    _check_password(given, required=False)
    if not given:
        raise invalid(f"mailbox: {BLANK}")
    if any(given.pop(name, None) for name in PASSWORDS):
        given["password_at"] = True  # the password itself is not kept, not even while the action waits
    return _change(world, mailbox, given, "Edit")


def patch_edition(world: World, call: Call) -> Answer:
    """PATCH of the edition that a mailbox has of one package."""
    mailbox = world.mailbox(call.path["guid"])
    package = world.package(call.path["package"])
    if package.guid not in world.domains[mailbox.domain].services:
        raise Refusal(404, "The mailbox is not on this package.")
    code = read(call.body, "edition", [Field("code", required=True)])["code"]
    if code not in package.editions or not BY_CODE[package.code].by_mailbox:
        raise invalid("code: The value you selected is not a valid choice.")
    return _change(world, mailbox, {"edition": {package.guid: code}}, EDITION)


def _change(world: World, mailbox: Mailbox, given: dict[str, Any], what: str) -> Answer:
    _check_settled(world, mailbox)
    if mailbox.state in PROVISIONED:
        booked_as = what if what == EDITION else ""  # by its action alone it could not be told from an Edit
        action = actions.submit(world, mailbox, "Update", change=given, booked_as=booked_as)
        return actions.queued(world, action)
    _set(mailbox, given, world.clock())
    world.save(mailbox)
    world.accepted(mailbox, what, applied=True)
    return NO_CONTENT


def _check_settled(world: World, mailbox: Mailbox) -> None:
    check_idle(world, [mailbox.guid], "mailbox")
    if mailbox.state == "pending":
        raise conflict("The mailbox is pending.")


def delete(world: World, call: Call) -> Answer:
    """DELETE: at once while inactive, else by an action that ends with both gone."""
    mailbox = world.mailbox(call.path["guid"])
    _check_settled(world, mailbox)
    if mailbox.state in PROVISIONED:
        return actions.queued(world, actions.submit(world, mailbox, "Delete"))
    world.accepted(mailbox, "Delete", applied=True)
    world.remove(mailbox)
    return NO_CONTENT


def act(world: World, call: Call) -> Answer:
    """POST of an action on a mailbox; a locked one knows only Unlock."""
    mailbox = world.mailbox(call.path["guid"])
    name = actions.requested(world, call, "mailbox")
    _check_settled(world, mailbox)
    step = STEPS.get(name)
    if step is None:
        allowed = mailbox.state in PROVISIONED
    else:
        allowed = mailbox.state in step.source and mailbox.account_locked == step.locked
    if not allowed:
        state = f"{mailbox.state} (locked)" if mailbox.account_locked else mailbox.state
        raise conflict(f"The action {name} is not possible in the state {state}.")
    if name == "Provision":
        _edition_of(world, world.domains[mailbox.domain], None)
    return actions.queued(world, actions.submit(world, mailbox, name))


def end(world: World, action: RemoteAction) -> list[str]:
    """End an action of a mailbox."""
    mailbox = world.mailboxes[action.guid]
    world.applied(mailbox, EDITION if "edition" in action.change else action.name)
    if action.name == "Delete":
        world.remove(mailbox)
        action.gone = True
        return []
    if action.name == "Update":
        _set(mailbox, action.change, action.due_at)
    if action.name in STEPS:
        mailbox.state = STEPS[action.name].to
    if action.name == "Unlock":
        _unlock(world, mailbox, action.due_at)
    world.save(mailbox)
    return []


def _unlock(world: World, mailbox: Mailbox, at: float) -> None:
    mailbox.account_locked = False
    pause = float(world.value("relock-seconds", world.settings.relock_seconds))
    if pause and mailbox.password_at <= (mailbox.locked_at or 0):
        mailbox.relock_at = at + pause


def fail(world: World, action: RemoteAction) -> None:
    """A failed Provision leaves the mailbox in error; every other failure leaves it as it was."""
    mailbox = world.mailboxes[action.guid]
    if action.name == "Provision":
        mailbox.state = "error"
    world.save(mailbox)


actions.ENDERS["mailbox"] = end
actions.FAILERS["mailbox"] = fail
