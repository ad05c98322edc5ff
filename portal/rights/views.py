from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal import access, inflight, roles
from portal.access import policy
from portal.accounts import held, offering, role_making, second_factor
from portal.accounts.models import CustomRole, SecondFactorRule
from portal.confirming import ReasonForm
from portal.http import after_post
from portal.moment import of_one_moment
from portal.rights import matrix as tables
from portal.rights.forms import FactorForm, RoleForm
from portal.roles import Role
from provisioning.models import OU
from provisioning.services.common import Refused

_MOST = 200  # resellers to choose from


@policy(roles.SEE_PEOPLE)
@of_one_moment
def matrix(request: HttpRequest) -> HttpResponse:
    """What each role may do: pages, operations, second factor."""
    made = list(access.custom_roles(request).select_related("ou", "made_by").order_by("label", "id"))
    given = [row for row in made if row.retired_at is None]
    shown = [*roles.ROLES.values(), *map(held.as_role, given)]
    grants = access.grants(request)
    context = {
        "page_title": "Roles",
        "crumbs": [("People", reverse("people:list"))],
        "shown": shown,
        "made": [
            {
                "row": row,
                "may": role_making.may_change(grants, row),
                "here": grants.has_on(roles.SEE_PEOPLE, row.ou),
            }
            for row in made
        ],
        "permissions": tables.permissions(shown),
        "operations": tables.operations(shown),
        "factor": [{"role": role, "where": _where(request, role)} for role in shown],
        "may_make": bool(_resellers(request)),
    }
    return render(request, "rights/list.html", context)


def _where(request: HttpRequest, role: Role) -> list[str]:
    """Where a second factor is asked of the role."""
    if second_factor.settings_ask(role):
        return ["everywhere"]
    seen = access.second_factor_rules(request).filter(role=role.name)
    return list(seen.order_by("ou__path").values_list("ou__title", flat=True))


def _resellers(request: HttpRequest) -> list[OU]:
    """For which OUs the viewer may make roles: the resellers among those on which they give roles, else all of them."""
    ready = access.ous_to_staff(request).order_by("path")
    return list(ready.exclude(type=OU.Type.COMPANY)[:_MOST]) or list(ready[:_MOST])


def _chosen(request: HttpRequest) -> tuple[OU, list[OU]]:
    """The reseller that the address names, the first one unless it does; and those to choose from."""
    ready = _resellers(request)
    guid = request.GET.get("ou", "")
    found = next((ou for ou in ready if ou.guid == guid or not guid), None)
    if found is None:
        raise Http404
    return found, ready


@policy(roles.CHANGE_PEOPLE, fresh=True)
def new(request: HttpRequest) -> HttpResponse:
    """Make a role."""
    ou, ready = _chosen(request)
    form = RoleForm(inflight.posted(request), held=access.grants(request).on(ou))
    if request.method == "POST" and form.is_valid():
        try:
            row = role_making.make_role(ou, form.wanted(), by=request.user)  # type: ignore[arg-type]
            return after_post(request, reverse("rights:list"), f"The role {row.label} can be given now.")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    facts: dict[str, Any] = {"page_title": "New role", "verb": "Make the role", "ou": ou, "ous": ready}
    return _page(request, form, "rights/form.html", **facts)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a role: everybody who holds it holds the new permissions at once."""
    row = _role(request, pk)
    form = RoleForm(inflight.posted(request), held=access.grants(request).on(row.ou), row=row)
    if request.method == "POST" and form.is_valid():
        try:
            role_making.change_role(row, form.wanted(), by=request.user)  # type: ignore[arg-type]
            return after_post(request, reverse("rights:list"), f"The role {row.label} is changed.")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    facts: dict[str, Any] = {
        "page_title": f"Edit the role {row.label}",
        "verb": "Save changes",
        "ou": row.ou,
        "row": row,
        "holders": access.memberships(request).filter(role=row.name).count(),
    }
    return _page(request, form, "rights/form.html", **facts)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it no more, or give it again."""
    row = _role(request, pk)
    back, form = row.retired_at is not None, ReasonForm(inflight.posted(request))
    if request.method == "POST":
        try:
            role_making.retire(row, by=request.user, back=back)  # type: ignore[arg-type]
            said = "can be given again" if back else "is no longer given"
            return after_post(request, reverse("rights:list"), f"The role {row.label} {said}.")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    facts: dict[str, Any] = {
        "page_title": "Bring a role back" if back else "Retire a role",
        "title": f"{'Give' if back else 'Retire'} the role {row.label}{' again' if back else ''}?",
        "consequence": "It can be given again."
        if back
        else "It is not given any more. Whoever holds it keeps it, until it is taken away.",
        "verb": "Give it again" if back else "Retire",
        "action_url": request.path,
    }
    return _page(request, form if form.errors else None, "rights/confirm.html", **facts)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def factor(request: HttpRequest) -> HttpResponse:
    """Of which roles a second factor is asked, below one reseller."""
    ou, ready = _chosen(request)
    known = offering.held_on(ou)
    forced = [role.label for role in known if second_factor.settings_ask(role)]
    shown = [role for role in known if not second_factor.settings_ask(role)]
    now = SecondFactorRule.objects.filter(ou=ou).values_list("role", flat=True)
    form = FactorForm(inflight.posted(request), shown=shown, initial={"roles": list(now)})
    if request.method == "POST" and form.is_valid():
        among = [role.name for role in shown]
        role_making.ask_for_factor(ou, form.cleaned_data["roles"], by=request.user, among=among)  # type: ignore[arg-type]
        said = f"Kept. It holds for {ou.title} and everything below."
        return after_post(request, reverse("rights:list"), said)
    facts: dict[str, Any] = {
        "page_title": "Second factor",
        "verb": "Save",
        "ou": ou,
        "ous": ready,
        "forced": forced,
    }
    return _page(request, form, "rights/factor.html", **facts)


def _role(request: HttpRequest, pk: int) -> CustomRole:
    """A role that the viewer may change; else 404."""
    row = get_object_or_404(access.custom_roles(request).select_related("ou"), pk=pk)
    if not role_making.may_change(access.grants(request), row):
        raise Http404
    return row


def _page(request: HttpRequest, form: Any, template: str, **facts: Any) -> HttpResponse:
    home = reverse("rights:list")
    crumbs = [("People", reverse("people:list")), ("Roles", home)]
    context = {"crumbs": crumbs, "form": form, "cancel_url": home, **facts}
    return render(request, template, context, status=422 if request.method == "POST" else 200)
