"""What is done to a package: provisioned, closed and activated as a whole, deleted."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, inflight, roles, service_effects
from portal.access import policy
from portal.confirming import NamedForm, ReasonForm
from portal.http import after_post
from portal.packages.standing import DELETE, bare_operations, crumbs, teardown_url
from portal.telling import tell
from provisioning.models import Package
from provisioning.operations import OPERATIONS, Operation
from provisioning.services import packages as services
from provisioning.services.common import Refused

_SHOWN = 25


def _get(request: HttpRequest, guid: str, operation: Operation) -> Package:
    """A package on which the person may ask for the operation, or 404."""
    package: Package = access.get(access.packages(request).select_related("ou__parent"), guid)
    access.require(request, operation, package.ou)
    return package


@policy(roles.CHANGE_PACKAGES)
def do(request: HttpRequest, guid: str, operation: str) -> HttpResponse:
    """Tell a package to do something on all its domains: asked first on GET, done on POST."""
    known = bare_operations().get(operation)
    if known is None:
        raise Http404
    package = _get(request, guid, known)
    form = ReasonForm(inflight.posted(request))
    if request.method == "POST" and form.is_valid():
        return tell(request, package, known, form, services.change_state)
    context = {
        **_around(request, package, known),
        "title": f"{known.label} {package} for {package.ou.title}?",
        "form": form,
        "effect": service_effects.of(request, known, package),
        "tone": "danger" if known.destructive else "primary",
        "undo": "",
    }
    return render(request, "packages/confirm.html", context, status=422 if form.is_bound else 200)


def _around(request: HttpRequest, package: Package, operation: Operation) -> dict[str, Any]:
    home = reverse("packages:detail", args=[package.guid])
    touched = access.domains(request).filter(links__package=package, gone_at=None).order_by("name", "id")
    return {
        "page_title": operation.label,
        "crumbs": [*crumbs(request, package.ou), (str(package), home)],
        "package": package,
        "consequence": operation.consequence_for(package),
        "domains": list(touched[:_SHOWN]),
        "domains_count": touched.count(),
        "verb": operation.label,
        "action_url": request.path,
        "cancel_url": home,
        "why_not": access.told(request, package.ou, operation.why_not(package, package.connection.dialect)),
        "teardown_url": teardown_url(request, package),
    }


@policy(roles.CHANGE_PACKAGES)
def delete(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the record of a package removed. Refused while a domain on it is not deleted."""
    operation = OPERATIONS[DELETE]
    package = _get(request, guid, operation)
    if sent := inflight.sent_already(request):
        return after_post(request, reverse("activity:detail", args=[sent.pk]))
    form = NamedForm(inflight.posted(request), name=str(package))
    if request.method == "POST" and form.is_valid():
        try:
            action = services.delete_package(
                package, by=request.user, submission=form.submission_id, reason=form.cleaned_data["reason"]
            )
            return after_post(request, reverse("activity:detail", args=[action.pk]))
        except Refused as refusal:
            form.add_error(None, access.told(request, package.ou, str(refusal)))
    context = {
        **_around(request, package, operation),
        "title": f"Delete {package} of {package.ou.title}?",
        "form": form,
        "tone": "danger",
        "undo": "This cannot be undone.",
    }
    return render(request, "packages/confirm.html", context, status=422 if form.is_bound else 200)
