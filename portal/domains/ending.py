"""Views that apply what was changed on a domain, take it out of service, bring it back, and end it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from portal import access, endings, inflight, roles, service_effects
from portal.access import policy
from portal.confirming import NamedForm, ReasonForm
from portal.domains import lifecycle, names
from portal.domains.place import above, get
from portal.http import after_post, submission
from portal.telling import tell
from provisioning.models import Batch, Domain, Mailbox
from provisioning.operations import OPERATIONS
from provisioning.operations.rules import IN_SERVICE
from provisioning.services import domains as services
from provisioning.services.common import Refused

# What is told at once, by the last part of its address.
TOLD = {name: OPERATIONS[f"domain.{name}"] for name in ("refresh", "close", "activate", "usage")}
# How the question begins, where the label alone would be no sentence.
_QUESTIONS = {"refresh": "Apply changes to", "usage": "Count usage of"}
NAMED = 5


class NameForm(NamedForm):
    """The domain's name, as it is sent or in the letters of its owners."""

    def clean_typed_name(self) -> str:
        """Whichever way it was typed, it is the same domain."""
        typed: str = self.cleaned_data["typed_name"]
        if typed.casefold() == names.in_letters(self.name).casefold() != "":
            return self.name
        return super().clean_typed_name()


@policy(roles.CHANGE_DOMAINS)
def do(request: HttpRequest, guid: str, operation: str) -> HttpResponse:
    """One of the bare actions of a domain, such as Close: asked first on GET, done on POST."""
    row = get(request, guid)
    if operation not in TOLD:
        raise Http404
    known = TOLD[operation]
    access.require(request, known, row.ou)
    form = ReasonForm(inflight.posted(request))
    if request.method == "POST" and form.is_valid():
        return tell(request, row, known, form, services.change_state)
    context = {
        **above(request, row, below=True),
        "page_title": known.label,
        "title": f"{_QUESTIONS.get(operation, known.label)} {row.name}?",
        "consequence": known.consequence_for(row),
        "facts": lifecycle.touched(row),
        "verb": known.label,
        "action_url": request.path,
        "form": form,
        "effect": service_effects.of(request, known, row),
        "why_not": known.why_not(row, row.connection.dialect),
    }
    return render(request, "domains/confirm.html", context, status=422 if form.is_bound else 200)


def _home(request: HttpRequest, domain: Domain, said: str = "") -> HttpResponse:
    return after_post(request, reverse("domains:detail", args=[domain.guid]), said)


@policy(roles.CHANGE_DOMAINS)
def delete(request: HttpRequest, guid: str) -> HttpResponse:
    """End a domain: its services by one action, then SYNAQ's record of it by another."""
    row = get(request, guid)
    access.require(request, lifecycle.REMOVE, row.ou)
    if request.method != "POST":
        inflight.freshen(request, row)
        return _delete_page(request, row, NameForm(name=row.name))
    if Batch.objects.filter(submission=submission(request), by=request.user.pk).exists():
        return _home(request, row)
    if endings.open_batch(request, row):
        return _home(request, row, "It is being deleted already.")
    form = NameForm(request.POST, name=row.name)
    if form.is_valid():
        try:
            services.delete_domain(
                row, by=request.user, submission=form.submission_id, reason=form.cleaned_data["reason"]
            )
            return _home(request, row, "Its deletion is asked for: first its services, then its record.")
        except Refused as refusal:
            form.add_error(None, access.told(request, row.ou, str(refusal)))
    return _delete_page(request, row, form)


def _delete_page(request: HttpRequest, domain: Domain, form: NameForm) -> HttpResponse:
    blocking = _in_service(request, domain)
    context = {
        **above(request, domain, below=True),
        "page_title": "Delete",
        "subtitle": domain.name,
        "form": form,
        "only_record": lifecycle.only_record(domain),
        "facts": lifecycle.touched(domain),
        "effect": None if lifecycle.only_record(domain) else service_effects.of_end(request, domain),
        "why_not": access.told(request, domain.ou, lifecycle.delete_why_not(domain)),
        "blocking": list(blocking.order_by("email", "id")[:NAMED]),
        "blocking_count": blocking.count(),
        "more": max(0, blocking.count() - NAMED),
        "teardown_url": _teardown_url(domain),
    }
    return render(request, "domains/delete.html", context, status=422 if form.is_bound else 200)


def _in_service(request: HttpRequest, domain: Domain) -> QuerySet[Mailbox]:
    """The mailboxes that have to go first, as far as the person may see them."""
    return access.mailboxes(request).filter(domain=domain, gone_at=None, state__in=IN_SERVICE)


def _teardown_url(domain: Domain) -> str:
    """The plan that removes the domain with all that is on it."""
    try:
        return reverse("batches:teardown", args=[domain.kind, domain.guid])
    except NoReverseMatch:
        return ""
