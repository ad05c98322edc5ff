"""An action's history as people read it: SYNAQ's words verbatim, our plain meaning, and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from portal import access, roles
from portal.activity import present
from portal.http import label
from provisioning.ledger import SETTLED
from provisioning.models import Action, Batch, Event
from provisioning.services import activity
from provisioning.services.customers import KIND as NEW_CUSTOMER
from provisioning.synaq import Meaning, meanings

_TITLES = {
    "asked": ("Asked for", "plain", "clock"),
    "sending": ("Sent to SYNAQ", "busy", "send"),
    "accepted": ("SYNAQ took it on", "busy", "check"),
    "answered": ("SYNAQ answered", "busy", "hourglass"),
    "put_off": ("Put off", "warn", "clock"),
    "unconfirmed": ("The answer was lost", "warn", "help-circle"),
    "looked_up": ("Looked it up", "plain", "search"),
    "settled": ("Settled", "plain", "check"),
    "finished": ("Finished", "good", "check"),
    "failed": ("Failed", "bad", "x"),
    "cancelled": ("Cancelled", "plain", "ban"),
    "restored": ("Restored from a backup", "warn", "history"),
}
_OURS = {
    "remote_error": "SYNAQ tried and could not do it. Mend the cause that it names, then submit again.",
    "sealed": "The portal's keys have changed since it was asked for.",
    "fault": "The portal could not go on with it. The log has more.",
    "held": "The connection's key cannot be opened, so nothing is sent. An owner has to set the connection right.",
    "restored": "An older state of the portal's database was restored. It may have been sent since that was kept.",
    "no_effect": "SYNAQ's record of the action is gone, and the object does not show that it happened.",
    "mistaken": "The GUID that was typed is not that of what was asked for. Look again, then settle it.",
}


# No answer came, or none that says anything: the words are the portal's own
_UNSAID = frozenset({Meaning.UNREACHABLE, Meaning.CUT_OFF, Meaning.UNREADABLE, Meaning.UNSUPPORTED})
_OWN = (_OURS.keys() - {"remote_error"}) | _UNSAID


def steps(action: Action, events: Iterable[Event]) -> list[dict[str, Any]]:
    """For components/timeline.html; the last step of an open action is the one under way."""
    lines = [_step(event) for event in events]
    if lines and action.is_open:
        lines[-1]["now"] = True
    return lines


def _step(event: Event) -> dict[str, Any]:
    title, tone, icon = _TITLES.get(event.kind, (event.kind, "plain", "point"))
    said = event.kind in ("failed", "answered", "put_off") and event.text
    return {
        "at": event.at,
        "title": f"{title} by {event.by}" if event.by else title,
        "tone": tone,
        "icon": icon,
        "text": _text(event) if not said else "",
        "said": event.text if said else "",
    }


def _text(event: Event) -> str:
    data = event.data
    if event.kind == "looked_up":
        return told(event)
    if event.kind == "asked":
        return f"Request mark {data.get('digest', '')}"
    if event.kind == "sending" and data.get("attempt", 1) > 1:
        return f"Attempt {data['attempt']}"
    if event.kind == "accepted":
        status = f"Status {data['status']}. " if data.get("status") else ""
        remote = f"Their action {data['remote_id']}." if data.get("remote_id") else ""
        return f"{event.text} {status}{remote}".strip()
    return event.text


def look(event: Event) -> dict[str, Any]:
    """What the portal saw when it looked an action up, for whoever is asked what became of it."""
    return {"at": event.at, "told": told(event)}


def told(event: Event) -> str:
    """What a look-up told, as a sentence of its own."""
    said = event.text.removeprefix("Looked it up: ")
    return said[:1].upper() + said[1:]


def state_meaning(action: Action) -> str:
    """What its state means where that is not what such a state means otherwise; else nothing."""
    if action.state == Action.State.WAITING and action.meaning == SETTLED:
        return "A person said that it happened. It is being read at SYNAQ, and only then taken for true."
    return ""


def plain_meaning(action: Action) -> str:
    """Our sentence beside SYNAQ's words; "" where nothing went wrong."""
    if not action.meaning:
        return ""
    if action.meaning in _OURS:
        return _OURS[action.meaning]
    try:
        return meanings.row(Meaning(action.meaning)).sentence
    except ValueError:
        return ""


def who_says(action: Action) -> str:
    """What stands above the action's words: they are SYNAQ's, unless it said nothing."""
    return "In detail" if action.meaning in _OWN else "SYNAQ says"


def error_lines(action: Action) -> list[str]:
    """What SYNAQ complained of, a line each."""
    return [
        f"{line['field']}: {line['message']}" if line["field"] else line["message"] for line in action.errors
    ]


def failed(action: Action) -> dict[str, Any]:
    """For components/failed.html: its lines say all that its words would."""
    lines = error_lines(action)
    words = "" if lines else action.words
    return {"row": present.row(action), "words": words, "lines": lines, "says": who_says(action)}


def batch_url(request: HttpRequest, action: Action) -> str:
    """The page of what it was asked for together with; "" where it stands alone, or the person may not see it."""
    return page_of_batch(request, action.batch)


def page_of_batch(request: HttpRequest, batch: Batch | None) -> str:
    """Its page, or that of the new customer; "" for none, or where the person may not see it."""
    if batch is None:
        return ""
    led = batch.kind == NEW_CUSTOMER
    seen = access.flows(request) if led else access.batches(request)
    if not seen.filter(pk=batch.pk).exists():
        return ""
    return reverse("customers:flow" if led else "batches:detail", args=[batch.pk])


def trail_url(request: HttpRequest, action: Action) -> str:
    """What the audit trail tells of the same thing; "" where the person may not read it."""
    if not access.grants(request).has_on(roles.SEE_AUDIT, action.ou):
        return ""
    return f"{reverse('trail:list')}?{urlencode({'object': f'{action.kind}:{action.guid}'})}"


def flow_url(request: HttpRequest, action: Action) -> str:
    """The new customer of whom it is a step, while that is gone on with and the person may see it; else ""."""
    batch = action.batch
    going_on = batch is not None and batch.kind == NEW_CUSTOMER and batch.is_open
    return batch_url(request, action) if going_on else ""


@dataclass(frozen=True)
class NextStep:
    """The one thing to do now: a link, or a POST button."""

    text: str
    verb: str
    url: str
    post: bool = False


def next_step(action: Action, flow: str = "") -> NextStep | None:
    """What comes after this action, if anything. `flow`: the address of the new customer of whom it is a step."""
    if action.state == Action.State.FINISHED:
        return _in_flow(action, flow) if flow else _onward(action)
    if action.state not in (Action.State.FAILED, Action.State.CANCELLED):
        return None
    if flow and action.operation not in _FORMS:
        return _in_flow(action, flow)  # asked for there, it stays a step of it
    form = f"{flow}?again={action.pk}" if flow else _form_again(action)
    if form:
        return NextStep(
            "Mend what SYNAQ names, and submit it again. What you typed is kept, passwords are not.",
            "Mend and submit again",
            form,
        )
    text = "Once the cause is mended, it can be sent again as it was."
    return NextStep(text, "Submit again", reverse("activity:again", args=[action.pk]), post=True)


def _in_flow(action: Action, flow: str) -> NextStep:
    return NextStep("It is a step of a new customer.", f"Go on with {action.batch}", flow)


def _onward(action: Action) -> NextStep | None:
    url = present.target_url(action)
    if not url:
        return None
    guid = action.result_guid
    onward = {
        "ou.create_company": (
            "The company is there. Sell it a package.",
            "New package",
            ("packages:new", guid),
        ),
        "package.create": (
            "The package is there. Set up a domain under it.",
            "New domain",
            ("domains:new", action.guid),
        ),
    }
    if action.operation in onward:
        text, verb, (route, about) = onward[action.operation]
        return NextStep(text, verb, reverse(route, args=[about]))
    return NextStep("", f"Open {action.title}", url)


def _form_again(action: Action) -> str:
    """The form that asks for this anew, filled in; "" where asking again needs no form."""
    route, about = _FORMS.get(action.operation, ("", ""))
    if action.operation == "mailbox.update" and action.batch and action.batch.kind == "unlock":
        route = "mailboxes:unlock"
    if not route:
        return ""
    if action.operation == "domain.create_in_package":
        package = activity.target_of(action)
        about = package.ou.guid if package else ""
    elif about:
        about = action.guid
    return f"{reverse(route, args=[about] if about else [])}?again={action.pk}"


# operation → its form's route, and whether the route names the target
_FORMS = {
    "ou.create_company": ("ous:new", ""),
    "ou.create_subreseller": ("ous:new_subreseller", ""),
    "ou.update": ("ous:edit", "target"),
    "package.create": ("packages:new", "target"),
    "domain.create": ("domains:new", "target"),
    "domain.create_in_package": ("domains:new", "target"),
    "domain.fields": ("domains:fields", "target"),
    "mailbox.create": ("mailboxes:new", "target"),
    "mailbox.update": ("mailboxes:edit", "target"),
}


def _named(person: Any) -> str:
    """The person behind the shared API key, with their address."""
    if person is None:
        return "The portal"
    return f"{person.name} <{person.email}>" if person.name else str(person.email)


def _together(batch: Batch | None) -> str:
    """What it was asked for together with; "" where it stands alone."""
    if batch is None:
        return ""
    did = "abandoned" if batch.state == Batch.State.ABANDONED else "resumed"
    again = f", {did} by {_named(batch.resumed_by)}" if batch.resumed_by else ""
    return f"Batch: {batch.pk} {batch}, asked for by {_named(batch.by)}{again}"


def for_support(action: Action, events: Iterable[Event]) -> str:
    """What SYNAQ's support asks for, as plain text without secrets."""
    lines = [
        f"Operation: {label(action)} ({action.operation}) on {action.kind} {action.guid}",
        f"Result: {action.result_kind} {action.result_guid}" if action.result_guid else "",
        f"State: {action.state}",
        f"Our reference: {action.request_id}" if action.request_id else "",
        f"Asked for by: {_named(action.by)}",
        _together(action.batch),
        f"SYNAQ action: {action.remote_id} {action.remote_path}" if action.remote_path else "",
        f"{who_says(action)}: {action.words}" if action.words else "",
        *(f"  {error['field']}: {error['message']}" for error in action.errors),
        *(f"{event.at.isoformat(timespec='milliseconds')} {event.kind} {_text(event)}" for event in events),
    ]
    return "\n".join(line for line in lines if line)
