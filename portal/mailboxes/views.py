from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, addresses, creations, inflight, listing, roles
from portal.access import policy
from portal.activity import present
from portal.confirming import ReasonForm
from portal.http import after_post, live_page
from portal.mailboxes import columns, effects, finder, overview, selection, ways
from portal.mailboxes.forms import NewMailboxForm, mailbox_packages, typed_in
from portal.mailboxes.place import above, get
from portal.moment import of_one_moment
from portal.submissions import SubmissionForm
from portal.telling import tell
from portal.typed import search_term
from provisioning.models import Action, Domain, Mailbox, Scheduled
from provisioning.operations import KNOWN_STATES, OPERATIONS
from provisioning.services import mailboxes as services
from provisioning.services.common import Refused
from provisioning.services.ous import want_reading

CREATE = OPERATIONS["mailbox.create"]


@policy(roles.SEE_MAILBOXES)
@of_one_moment
def mailboxes(request: HttpRequest) -> HttpResponseBase:
    """The mailboxes in scope, by address."""
    ticked = selection.take_ticked(request)
    asked, table = finder.wanted(request), columns.table(request)
    found = finder.found(request, asked)
    if table.wanted_file:
        return table.file(found, columns.cells)
    page = table.page(found)
    doing = creations.open_by_guid(request, page.rows)
    going = overview.set_for(request, page.rows)
    again = services.unlocks_before(page.rows)
    pending = finder.asked_for(request, asked) if not page.prev_url else []
    own = access.own_company(request)
    context = {
        "page_title": f"Mailboxes of {own.title}" if own else "Mailboxes",
        "table": table,
        "page": page,
        "rows": [
            {
                **_row(request, row, doing.get(row.guid), going.get(row.guid)),
                "locked_again": row.guid in again,
            }
            for row in page.rows
        ],
        "asked": present.rows(pending),
        "wanted": asked,
        "states": finder.STATES if asked.state in ("", *finder.STATES) else (*finder.STATES, asked.state),
        "chips": finder.chips(request, asked),
        "clear_url": reverse("mailboxes:list"),
        "new_url": _new_url(request, asked.domain),
        "token": SubmissionForm()["submission"],
        "ticked": ticked,
        **selection.bar(request, found, page),
    }
    shown = inflight.together(doing.values(), pending, inflight.known_before(request))
    return live_page(request, "mailboxes/list.html", "mailboxes/_list.html", context, shown)


def _row(
    request: HttpRequest, mailbox: Mailbox, action: Action | None, set_for: Scheduled | None
) -> dict[str, Any]:
    return {
        "mailbox": mailbox,
        "url": addresses.of("mailboxes:detail", mailbox.guid),
        "domain_url": addresses.of("domains:detail", mailbox.domain.guid),
        "menu_id": f"menu-{mailbox.pk}",
        "menu_label": f"Actions for {mailbox.email}",
        "name": columns.name_of(mailbox),
        "action": action,
        "set_for": set_for,
        "sees": overview.sees(request, mailbox),
        "buttons": overview.menu(request, mailbox, action),
    }


def _new_url(request: HttpRequest, domain: str) -> str:
    """Where a new mailbox begins: on the domain that the list is of, else with the choice of one."""
    held = access.grants(request)
    if not (held.has(roles.CHANGE_MAILBOXES) and held.has(roles.BILLABLE)):
        return ""
    known = domain and access.mailbox_domains(request).filter(guid=domain).exists()
    return reverse("mailboxes:new", args=[domain]) if known else reverse("mailboxes:choose")


@policy(roles.CHANGE_MAILBOXES)
def choose_domain(request: HttpRequest) -> HttpResponse:
    """On which domain a new mailbox is to be made. With only one to choose, that one."""
    term, held = search_term(request), access.grants(request)
    ready = _ready_domains(request)
    found = ready.filter(name__startswith=term.lower()) if term else ready
    page = listing.page(request, found, "name", "id")
    rows = [row for row in page.rows if access.may(request, CREATE, row.ou)]
    if len(rows) == 1 and not term and not (page.prev_url or page.next_url):
        return redirect("mailboxes:new", rows[0].guid)
    context = {
        "page_title": "New mailbox",
        "subtitle": "On which domain?",
        "crumbs": [("Mailboxes", reverse("mailboxes:list"))],
        "page": page,
        "rows": rows,
        "query": term,
        "sees_ous": held.has(roles.SEE_OUS),
        "sees_packages": held.has(roles.SEE_PACKAGES),
        "domains_url": reverse("domains:list") if held.has(roles.SEE_DOMAINS) else "",
    }
    return render(request, "mailboxes/choose.html", context)


def _ready_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains that may take a mailbox: in service, or in a state that only SYNAQ can judge."""
    closed = KNOWN_STATES - (CREATE.states or KNOWN_STATES)
    found = access.mailbox_domains(request).filter(gone_at=None).exclude(state__in=closed)
    return found.select_related("ou").prefetch_related("packages")


@policy(roles.CHANGE_MAILBOXES)
def new(request: HttpRequest, domain: str) -> HttpResponse:
    """A new mailbox on a domain."""
    row: Domain = access.get(access.mailbox_domains(request).select_related("ou"), domain)
    access.require(request, CREATE, row.ou)
    if sent := inflight.sent_already(request):
        return _to_action(sent, request)
    if request.method != "POST":
        return _new_page(request, row, _blank(request, row))
    form = NewMailboxForm(request.POST, **effects.facts_of_new(request, row))
    if not form.is_valid():
        return _new_page(request, row, form, status=422)
    try:
        action = services.create_mailbox(
            row,
            by=request.user,
            details=form.details(),
            password=form.cleaned_data["password"],
            at_once=form.cleaned_data["at_once"],
            submission=form.submission_id,
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _new_page(request, row, form, status=422)
    return _to_action(action, request)


def _to_action(action: Action, request: HttpRequest) -> HttpResponse:
    return after_post(request, reverse("activity:detail", args=[action.pk]))


def _blank(request: HttpRequest, domain: Domain) -> NewMailboxForm:
    """An empty form; or, with `?again=`, the one that SYNAQ refused."""
    refused = inflight.to_mend(request, CREATE.name, guid=domain.guid, connection=domain.connection_id)
    if refused:
        return NewMailboxForm.after_refusal(
            refused, typed_in(refused), **effects.facts_of_new(request, domain)
        )
    return NewMailboxForm(**effects.facts_of_new(request, domain))


def _new_page(request: HttpRequest, domain: Domain, form: NewMailboxForm, status: int = 200) -> HttpResponse:
    seen = access.grants(request).has_on(roles.SEE_DOMAINS, domain.ou)
    home = reverse("domains:detail", args=[domain.guid]) if seen else reverse("mailboxes:list")
    context = {
        "page_title": "New mailbox",
        "subtitle": f"On {domain.name}",
        "crumbs": [("Mailboxes", reverse("mailboxes:list")), *([(domain.name, home)] if seen else [])],
        "domain": domain,
        "domain_url": home if seen else "",
        "form": form,
        "why_not": CREATE.why_not(domain, domain.connection.dialect) or _no_mailboxes(domain),
        "cancel_url": home,
        "again": status == 422,
    }
    return render(request, "mailboxes/new.html", context, status=status)


def _no_mailboxes(domain: Domain) -> str:
    """Why SYNAQ would refuse, where all that is linked is known to hold no mailboxes."""
    if mailbox_packages(domain) or not domain.packages.filter(gone_at=None).exists():
        return ""
    return "None of the packages on this domain holds mailboxes: that takes CloudMail or Continuity."


@policy(roles.SEE_MAILBOXES)
def mailbox(request: HttpRequest, guid: str) -> HttpResponse:
    """One mailbox: who it is, what state it is in, and what can be done about it."""
    inflight.freshen(request, get(request, guid))
    return _mailbox(request, guid)


@of_one_moment
def _mailbox(request: HttpRequest, guid: str) -> HttpResponse:
    row = get(request, guid)
    shown = overview.of(request, row)
    context = {**above(request, row), **shown.context, "token": SubmissionForm()["submission"]}
    return live_page(
        request,
        "mailboxes/detail.html",
        "mailboxes/_detail.html",
        context,
        shown.actions,
        moving=shown.moving,
    )


@policy(roles.SEE_MAILBOXES)
def do(request: HttpRequest, guid: str, operation: str) -> HttpResponse:
    """Tell a mailbox to do something: asked first on GET, done on POST."""
    row = get(request, guid)
    known = overview.bare_operations().get(operation)
    if known is None:
        raise Http404
    access.require(request, known, row.ou)
    form = ReasonForm(inflight.posted(request))
    if request.method == "POST" and form.is_valid():
        return tell(request, row, known, form, services.change_state)
    context = {
        **above(request, row, below=True),
        "page_title": known.label,
        "title": f"{known.label} {row.email}?",
        "consequence": known.consequence,
        "verb": known.label,
        "action_url": request.path,
        "form": form,
        "why_not": known.why_not(row, row.connection.dialect),
        "effect": effects.of(request, known, [row]),
        "ways": ways.WAYS if known.name in ways.NAMES else (),
        "questions": ways.rows(),
        "chosen": known.name,
    }
    return render(request, "mailboxes/do.html", context, status=422 if form.is_bound else 200)


@policy(roles.SEE_MAILBOXES)
@require_POST
def refresh(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the mailbox read anew."""
    row = get(request, guid)
    want_reading(row)
    return after_post(request, reverse("mailboxes:detail", args=[row.guid]))
