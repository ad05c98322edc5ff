"""The page of one new customer: the part that moves by itself, and the form below it that never does."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal import access, inflight, reading, service_effects
from portal.activity import present, timeline
from portal.customers import asking
from portal.customers.progress import Flow, Step
from portal.http import live_page
from portal.packages import offer as offers
from portal.price_effects import Told
from provisioning.models import Action, Batch
from provisioning.operations import OPERATIONS

MOST = 20
_REOPENED = ("fields", "provision")


def show(
    request: HttpRequest, flow: Flow, step: Step | None = None, form: Any = None, *, status: int = 200
) -> HttpResponse:
    """The flow's page. `step` and `form`: what was sent and not accepted; else what is to be asked now.

    `drawn` in the address says which form the open page has: one that has none yet is loaded anew once there is one.
    """
    drawn = request.GET.get("drawn")
    request.GET = _without(request, "drawn")
    step = step or _chosen(request, flow)
    moving = _being_read(flow, step)
    fault = asking.why_not(request, flow, step) if step else ""
    if form is None and step and not fault and flow.is_open:
        form = asking.form_of(request, flow, step)
    mark = _mark(step, form)
    context = {
        **_around(request, flow),
        **_of_step(request, flow, step, fault),
        "form": form,
        "rows": present.rows(flow.actions[:MOST]),
        "mark": mark,
        "newer": bool(drawn) and drawn != mark,
        "again": status == 422,
    }
    answer = live_page(
        request,
        "customers/flow.html",
        "customers/_progress.html",
        context,
        inflight.together(flow.actions, inflight.known_before(request)),
        moving=moving,
    )
    if drawn == "" and mark:
        answer["HX-Refresh"] = "true"  # there was no form yet: nothing typed can be lost
    answer.status_code = status if answer.status_code == 200 else answer.status_code
    return answer


def _without(request: HttpRequest, name: str) -> Any:
    query = request.GET.copy()
    query.pop(name, None)
    return query


def _chosen(request: HttpRequest, flow: Flow) -> Step | None:
    """The step that is to be taken; or one that the person opened once more."""
    name = request.GET.get("step", "")
    opened = flow.step(name) if name in _REOPENED else None
    still = flow.domain is not None and flow.domain.state != "active"
    return opened if opened and still else flow.now


def have_read(request: HttpRequest, flow: Flow) -> None:
    """Have what the step needs read from SYNAQ where it is old: when the page is opened, and of a company that was made
    while it was open."""
    step = _chosen(request, flow) if flow.is_open else None
    if step is not None and step.kind.name == "package" and flow.company is not None:
        offer = offers.look(flow.company, ask=not request.htmx)  # type: ignore[attr-defined]
        if not offer.mark and offer.reading is None:
            offers.look(flow.company, ask=True)
    elif step is not None and flow.domain is not None:
        inflight.freshen(request, flow.domain)


def _being_read(flow: Flow, step: Step | None) -> bool:
    """Whether something that the step needs is being read from SYNAQ."""
    if step is None or not flow.is_open:
        return False
    if step.kind.name == "package" and flow.company is not None:
        return offers.look(flow.company, ask=False).being_read
    return flow.domain is not None and bool(reading.state(flow.domain)["reading_due"])


def _mark(step: Step | None, form: Any) -> str:
    """Which form the page has; "" for none yet, "end" where there is none any more. A refused one differs from an empty
    one."""
    if step is None:
        return "end"
    if form is None:
        return ""
    refused = getattr(form, "refused", None)
    return f"{step.kind.name}:{refused.pk if refused else ''}"


def _around(request: HttpRequest, flow: Flow) -> dict[str, Any]:
    batch = flow.batch
    return {
        "page_title": batch.title,
        "pretitle": "New customer",
        "crumbs": [("New customers", reverse("customers:list"))],
        "batch": batch,
        "flow": flow,
        "steps": flow.steps,
        "company_url": reverse("ous:detail", args=[flow.company.guid]) if flow.company else "",
        "close_url": reverse("customers:close", args=[batch.pk]),
        "home": reverse("customers:flow", args=[batch.pk]),
    }


def _of_step(request: HttpRequest, flow: Flow, step: Step | None, fault: str) -> dict[str, Any]:
    if step is None:
        return {"step": None}
    home = reverse("customers:flow", args=[flow.batch.pk])
    packaged = step.kind.name == "package" and flow.company is not None
    found: dict[str, Any] = {
        "step": step,
        "why_not": fault,
        "form_url": f"{home}?step={step.kind.name}",
        "consequence": OPERATIONS[step.kind.operations[0]].consequence,
        "cancel_url": "",
        "failure": _failure(step),
        "template": f"customers/_{step.kind.name}.html",
    }
    if step.kind.name in ("domain", "provision"):
        found["effect"] = _effect(request, flow, step)
    if packaged and flow.company:
        offer = offers.look(flow.company, ask=False)
        found |= {"offer": offer, "typed": asking.by_hand(request, step, offer)}
    return found


def _effect(request: HttpRequest, flow: Flow, step: Step) -> Told | None:
    """What one more of each edition costs, in the two steps after which it can be billed."""
    target = asking.target_of(flow, step)
    operation = OPERATIONS[f"domain.{'create_in_package' if step.kind.name == 'domain' else 'provision'}"]
    return service_effects.of(request, operation, target) if target is not None else None


def _failure(step: Step) -> dict[str, Any] | None:
    """What failed in the step, with SYNAQ's words; beside mailboxes the rows say it."""
    if step.failed is None or step.kind.name == "mailboxes":
        return None
    return timeline.failed(step.failed)


def rows_of(request: HttpRequest, batches: list[Batch]) -> list[dict[str, Any]]:
    """For lists: each flow with what was asked for last in it. Two queries."""
    seen = access.actions(request).filter(batch__in=batches)
    last = seen.values("batch").annotate(last=Max("pk")).values_list("last", flat=True)
    latest = {row.batch_id: row for row in Action.objects.filter(pk__in=list(last)).select_related("by")}
    return [
        {"batch": batch, "last": present.row(latest[batch.pk]) if batch.pk in latest else None}
        for batch in batches
    ]
