"""Connections to SYNAQ, for those who look after a whole reseller. Only workers call SYNAQ: a page asks for a try."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, roles
from portal.access import policy
from portal.accounts.models import Membership, Person
from portal.connecting.forms import ConnectionForm
from portal.http import after_post, live_page
from provisioning import audit
from provisioning.models import Connection
from provisioning.services import connections as services
from provisioning.services.common import Refused


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
def connections(request: HttpRequest) -> HttpResponse:
    """Those of the resellers that the viewer looks after."""
    rows = list(access.connections(request).order_by("name", "pk"))
    context = {"page_title": "Connections", "rows": rows, "may_add": access.holds_a_root(request)}
    moving = any(row.check_wanted_at for row in rows)
    return live_page(request, "connections/list.html", "connections/_list.html", context, moving=moving)


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection: what is known of it, its try, its breaker."""
    row = _get(request, pk)
    context = {
        "page_title": row.name,
        "pretitle": "Connection",
        "crumbs": [("Connections", reverse("connecting:list"))],
        "connection": row,
        "root": services.root_of(row),
    }
    moving = row.check_wanted_at is not None
    return live_page(request, "connections/detail.html", "connections/_detail.html", context, moving=moving)


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
def new(request: HttpRequest) -> HttpResponse:
    """Another API account. Whoever adds it owns its reseller here."""
    if not access.holds_a_root(request):
        raise Http404
    form = ConnectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = _add(request, form)
        except Refused as error:
            _say(form, error)
        else:
            return after_post(
                request, _page(row), "Added. Whether it works is told here as soon as it was tried."
            )
    return _form(request, form, "New connection", "Add connection", reverse("connecting:list"))


@transaction.atomic
def _add(request: HttpRequest, form: ConnectionForm) -> Connection:
    maker = cast(Person, request.user)
    row = services.add_connection(form.facts, form.cleaned_data["key"], by=maker)
    root = services.root_of(row)
    Membership.objects.get_or_create(person=maker, ou=root, role="owner", defaults={"given_by": maker})
    audit.record("role_given", by=maker, ou=root, thing=maker, new={"role": "Owner"})
    return row


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change it, or give it a new key."""
    row = _get(request, pk)
    form = ConnectionForm(request.POST or None, known=row)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        try:
            services.change_connection(row, form.facts, key, by=request.user)
        except Refused as error:
            _say(form, error)
        else:
            said = "Saved. The new key is tried before it is used." if key else "Saved."
            return after_post(request, _page(row), said)
    return _form(request, form, f"Edit {row.name}", "Save", _page(row))


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a worker try it."""
    row = _get(request, pk)
    services.want_check(row, by=request.user)
    return after_post(request, _page(row))


@policy(roles.CHANGE_CONNECTIONS, fresh=True)
@require_POST
def drop_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up a new key that was not taken yet."""
    row = _get(request, pk)
    services.drop_new_key(row, by=request.user)
    return after_post(request, _page(row), "The new key was dropped. The present one goes on.")


def _get(request: HttpRequest, pk: int) -> Connection:
    row: Connection = get_object_or_404(access.connections(request), pk=pk)
    return row


def _page(row: Connection) -> str:
    return reverse("connecting:detail", args=[row.pk])


def _say(form: ConnectionForm, error: Refused) -> None:
    form.add_error(None, str(error))
    if form.data.get("key"):
        form.add_error("key", "Type the key again: it is not kept in the form.")


def _form(request: HttpRequest, form: Any, title: str, verb: str, back: str) -> HttpResponse:
    context = {
        "page_title": title,
        "crumbs": [("Connections", reverse("connecting:list"))],
        "form": form,
        "verb": verb,
        "cancel_url": back,
    }
    return render(request, "connections/form.html", context, status=422 if form.is_bound else 200)
