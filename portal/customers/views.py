from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, inflight, listing, roles
from portal.access import policy
from portal.customers import asking, page, progress
from portal.customers.progress import Flow, Step
from portal.http import after_post
from portal.moment import of_one_moment
from portal.ous.forms import CompanyForm
from provisioning.models import Action, Batch
from provisioning.services import customers
from provisioning.services.common import Refused


@policy(roles.SEE_OUS)
def flows(request: HttpRequest) -> HttpResponse:
    """New customers that somebody began: unfinished ones, or all."""
    everything = request.GET.get("all") == "1"
    found = access.flows(request).select_related("by", "ou")
    found = found if everything else found.filter(state=Batch.State.RUNNING)
    shown = listing.page(request, found, "-id")
    context = {
        "page_title": "New customers",
        "page": shown,
        "rows": page.rows_of(request, shown.rows),
        "everything": everything,
        "may_start": bool(asking.parents(request)),
    }
    return render(request, "customers/list.html", context)


@policy(roles.CHANGE_OUS)
def start(request: HttpRequest) -> HttpResponse:
    """Take on a customer: the first step of a new flow."""
    parents = asking.parents(request)
    if not parents:
        raise Http404
    if request.method == "POST" and (sent := inflight.sent_already(request)):
        return after_post(request, _home(sent.batch_id))
    form = CompanyForm(
        inflight.posted(request), parents=parents, initial={"parent": request.GET.get("parent", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            batch, _ = customers.start_flow(
                form.chosen_parent(), by=request.user, details=form.details(), submission=form.submission_id
            )
            return after_post(request, _home(batch.pk))
        except Refused as refusal:
            form.add_error(None, str(refusal))
    unfinished = access.flows(request).filter(state=Batch.State.RUNNING).select_related("by", "ou")
    context = {
        "page_title": "New customer",
        "crumbs": [("New customers", reverse("customers:list"))],
        "form": form,
        "steps": progress.not_begun(),
        "form_url": request.path,
        "unfinished": page.rows_of(request, list(unfinished.order_by("-id")[:5])),
    }
    return render(request, "customers/start.html", context, status=422 if form.is_bound else 200)


def _home(pk: int | None) -> str:
    return reverse("customers:flow", args=[pk]) if pk else reverse("customers:list")


def _get(request: HttpRequest, pk: int) -> Batch:
    found: Batch = get_object_or_404(access.flows(request).select_related("by", "ou__connection"), pk=pk)
    return found


@policy(roles.SEE_OUS)
def flow(request: HttpRequest, pk: int) -> HttpResponse:
    """A new customer: how far it is, and the form of the step that is to be taken."""
    batch = _get(request, pk)
    if request.method != "POST":
        page.have_read(request, progress.read(request, batch))
        return _flow(request, batch)
    if inflight.sent_already(request):
        return after_post(request, _home(batch.pk))
    stands = progress.read(request, batch)
    step = stands.step(request.GET.get("step", ""))
    if step is None:
        raise Http404
    fault = asking.why_not(request, stands, step)
    form = None if fault else asking.form_of(request, stands, step, request.POST)
    if form is None:
        messages.error(request, fault or "SYNAQ’s catalogue is still being fetched.")
        return after_post(request, _home(batch.pk))
    if form.is_valid():
        try:
            customers.ask_step(batch, lambda: _take(request, batch, step, form))
            return after_post(request, _home(batch.pk), _said(form))
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return page.show(request, stands, step, form, status=422)


@of_one_moment
def _flow(request: HttpRequest, batch: Batch) -> HttpResponse:
    return page.show(request, progress.read(request, batch))


def _take(request: HttpRequest, batch: Batch, step: Step, form: Any) -> Action:
    """Ask for the step as it stands now, while nobody else can."""
    sent = inflight.sent_already(request)
    if sent is not None:
        return sent
    stands: Flow = progress.read(request, batch)
    now = stands.step(step.kind.name)
    assert now is not None
    return asking.ask(request, stands, now, form)


def _said(form: Any) -> str:
    local = form.cleaned_data.get("email_local")
    return f"{local}@{form.domain.name} is asked for. You can add another one." if local else ""


@policy(roles.CHANGE_OUS)
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Nothing more is to come: finished, or given up."""
    batch = _get(request, pk)
    stands = progress.read(request, batch)
    done = "give_up" not in request.POST
    customers.close_flow(batch, done=done)
    if done and stands.company is not None:
        said = f"{stands.company} is taken on. What is still under way goes on by itself."
        return after_post(request, reverse("ous:detail", args=[stands.company.guid]), said)
    said = "It was given up. What exists already stays as it is."
    return after_post(request, reverse("customers:list"), said)
