"""What is done to OUs: taken on, edited, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, inflight, roles
from portal.access import policy
from portal.confirming import NamedForm
from portal.http import after_post
from portal.ous import standing, tree
from portal.ous.forms import CompanyForm, EditForm, typed_in
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS, Operation
from provisioning.services import ous as services
from provisioning.services.common import Refused

UPDATE, DELETE = OPERATIONS["ou.update"], OPERATIONS["ou.delete"]


@dataclass(frozen=True)
class Kind:
    """What can be taken on under a reseller."""

    noun: str
    operation: Operation
    create: Callable[..., Action]
    route: str


COMPANY = Kind("company", OPERATIONS["ou.create_company"], services.create_company, "ous:new")
SUBRESELLER = Kind(
    "sub-reseller", OPERATIONS["ou.create_subreseller"], services.create_subreseller, "ous:new_subreseller"
)


@policy(roles.CHANGE_OUS)
def new(request: HttpRequest) -> HttpResponse:
    """Take on a company."""
    return _new(request, COMPANY)


@policy(roles.CHANGE_OUS)
def new_subreseller(request: HttpRequest) -> HttpResponse:
    """Take on a sub-reseller; on legacy connections only."""
    return _new(request, SUBRESELLER)


def _new(request: HttpRequest, kind: Kind) -> HttpResponse:
    parents = tree.parents(request, kind.operation, tree.resellers(request))
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    if not parents:
        raise Http404
    if request.method != "POST":
        return _new_page(request, kind, _blank(request, kind, parents))
    form = CompanyForm(request.POST, parents=parents, noun=kind.noun)
    if not form.is_valid():
        return _new_page(request, kind, form, status=422)
    try:
        action = kind.create(
            form.chosen_parent(), by=request.user, details=form.details(), submission=form.submission_id
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _new_page(request, kind, form, status=422)
    return _to_action(request, action)


def _to_action(request: HttpRequest, action: Action) -> HttpResponse:
    return after_post(request, reverse("activity:detail", args=[action.pk]))


def _blank(request: HttpRequest, kind: Kind, parents: list[OU]) -> CompanyForm:
    """An empty form; or, with `?again=`, the one that SYNAQ refused."""
    refused = inflight.to_mend(request, kind.operation.name, guid__in=[ou.guid for ou in parents])
    if refused:
        typed = typed_in(refused.guid, refused.payload)
        return CompanyForm.after_refusal(refused, typed, parents=parents, noun=kind.noun)
    initial = {"parent": request.GET.get("parent", "")}
    return CompanyForm(parents=parents, noun=kind.noun, initial=initial)


def _new_page(request: HttpRequest, kind: Kind, form: CompanyForm, status: int = 200) -> HttpResponse:
    context = {
        "page_title": f"New {kind.noun}",
        "crumbs": [("Companies", reverse("ous:list"))],
        "form": form,
        "noun": kind.noun,
        "verb": f"Take on {kind.noun}",
        "form_url": reverse(kind.route),
        "consequence": kind.operation.consequence,
        "cancel_url": reverse("ous:list"),
    }
    return render(request, "ous/form.html", context, status=status)


def _get(request: HttpRequest, guid: str, operation: Operation) -> OU:
    """An OU on which the person may ask for the operation, or 404."""
    ou: OU = access.get(access.ous(request).select_related("parent"), guid)
    access.require(request, operation, ou)
    return ou


@policy(roles.CHANGE_OUS)
def edit(request: HttpRequest, guid: str) -> HttpResponse:
    """Change what SYNAQ keeps of an OU; on current connections only."""
    ou = _get(request, guid, UPDATE)
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    if request.method != "POST":
        again = inflight.to_mend(request, UPDATE.name, guid=ou.guid, connection=ou.connection_id)
        return _edit_page(request, ou, EditForm.mending(again, ou) if again else EditForm(ou=ou))
    form = EditForm(request.POST, ou=ou)
    if not form.is_valid():
        return _edit_page(request, ou, form, status=422)
    try:
        action = services.update_ou(
            ou, by=request.user, changes=form.changes(), submission=form.submission_id
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _edit_page(request, ou, form, status=422)
    return _to_action(request, action)


def _edit_page(request: HttpRequest, ou: OU, form: EditForm, status: int = 200) -> HttpResponse:
    home = reverse("ous:detail", args=[ou.guid])
    context = {
        "page_title": f"Edit {ou.title}",
        "crumbs": [*standing.crumbs(request, ou), (ou.title, home)],
        "form": form,
        "verb": "Save changes",
        "form_url": reverse("ous:edit", args=[ou.guid]),
        "consequence": UPDATE.consequence,
        "cancel_url": home,
        "why_not": UPDATE.why_not(ou, ou.connection.dialect),
    }
    return render(request, "ous/form.html", context, status=status)


@policy(roles.CHANGE_OUS, fresh=True)
def delete(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the record of an OU removed: asked first on GET, done on POST. Refused while anything stands in the way."""
    ou = _get(request, guid, DELETE)
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    form = NamedForm(inflight.posted(request), name=ou.title)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            action = services.delete_ou(
                ou, by=request.user, submission=form.submission_id, reason=form.cleaned_data["reason"]
            )
            return _to_action(request, action)
        except Refused as refusal:
            form.add_error(None, access.told(request, ou, str(refusal)))
    return render(request, "ous/delete.html", _delete_context(request, ou, form), status=status)


def _delete_context(request: HttpRequest, ou: OU, form: NamedForm) -> dict[str, Any]:
    home = reverse("ous:detail", args=[ou.guid])
    return {
        "page_title": f"Delete {ou.title}",
        "crumbs": [*standing.crumbs(request, ou), (ou.title, home)],
        "ou": ou,
        "title": f"Delete {ou.title}?",
        "consequence": DELETE.consequence,
        "undo": "This cannot be undone.",
        "verb": "Delete",
        "tone": "danger",
        "action_url": request.path,
        "cancel_url": home,
        "form": form,
        "why_not": access.told(request, ou, DELETE.why_not(ou, ou.connection.dialect)),
        **standing.in_the_way(request, ou),
    }
