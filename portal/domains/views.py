from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, addresses, creations, inflight, reading, roles, service_effects
from portal.access import policy
from portal.activity import present
from portal.domains import columns, finder, lifecycle, names, overview, service_fields
from portal.domains.forms import ALONE, UNDER, LinkForm, NewDomainForm, ServiceFieldsForm, typed_in
from portal.domains.place import above, get
from portal.http import after_post, live_page
from portal.moment import of_one_moment
from portal.submissions import SubmissionForm
from portal.typed import search_term
from provisioning.models import OU, Action, Domain, Package
from provisioning.operations import NOT_YET_PROVISIONED, OPERATIONS
from provisioning.services import domains as services
from provisioning.services.common import Refused
from provisioning.services.ous import want_reading


@policy(roles.SEE_DOMAINS)
@of_one_moment
def domains(request: HttpRequest) -> HttpResponseBase:
    """The domains in scope, by name."""
    term, table = search_term(request), columns.table(request)
    state, company = search_term(request, "state"), search_term(request, "company")
    found = finder.found(request, term, state, company)
    if table.wanted_file:
        return table.file(found, columns.cells)
    page = table.page(found)
    doing = creations.open_by_guid(request, page.rows)
    asked = finder.asked_for(request, term, company) if not state and not page.prev_url else []
    may_create = access.grants(request).has(roles.CHANGE_DOMAINS)
    context = {
        "page_title": "Domains",
        "table": table,
        "page": page,
        "rows": [_row(request, row, doing.get(row.guid)) for row in page.rows],
        "asked": present.rows(asked),
        "query": term,
        "state": state,
        "states": finder.STATES if state in ("", *finder.STATES) else (*finder.STATES, state),
        "company": company,
        "chips": finder.chips(request, term, state, company),
        "clear_url": reverse("domains:list"),
        "new_url": _new_url(request, company) if may_create else "",
        "may_create": may_create,
    }
    shown = inflight.together(doing.values(), asked, inflight.known_before(request))
    return live_page(request, "domains/list.html", "domains/_list.html", context, shown)


def _row(request: HttpRequest, domain: Domain, action: Action | None) -> dict[str, Any]:
    return {
        "domain": domain,
        "url": addresses.of("domains:detail", domain.guid),
        "ou_url": addresses.of("ous:detail", domain.ou.guid),
        "action": action,
        "in_letters": names.in_letters(domain.name),
        "menu": lifecycle.row_menu(request, domain),
        "menu_id": f"menu-{domain.pk}",
        "menu_label": f"Actions for {domain.name}",
    }


def _new_url(request: HttpRequest, company: str) -> str:
    """The form for the company that the list is of; domains are made under a company."""
    found = access.companies(request).filter(guid=company, gone_at=None).first() if company else None
    may = found is not None and access.may(request, OPERATIONS["domain.create"], found)
    return reverse("domains:new", args=[company]) if may else ""


@policy(roles.SEE_DOMAINS)
def domain(request: HttpRequest, guid: str) -> HttpResponse:
    """One domain: its state, what it wants next, and all that hangs on it."""
    inflight.freshen(request, get(request, guid))
    return _domain(request, guid)


@of_one_moment
def _domain(request: HttpRequest, guid: str) -> HttpResponse:
    row = get(request, guid)
    shown = overview.of(request, row)
    context = {**above(request, row), **shown.context, "token": SubmissionForm()["submission"]}
    page, fragment = "domains/detail.html", "domains/_detail.html"
    return live_page(request, page, fragment, context, shown.actions, moving=shown.moving)


@policy(roles.CHANGE_DOMAINS)
def new(request: HttpRequest, company: str) -> HttpResponse:
    """A new domain for a company."""
    ou: OU = access.get(access.companies(request), company)
    access.require(request, OPERATIONS["domain.create"], ou)
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    if request.method != "POST":
        return _new_page(request, ou, _blank(request, ou))
    form = NewDomainForm(request.POST, request=request, company=ou, packages=_packages_for(request, ou))
    if not form.is_valid():
        return _new_page(request, ou, form, status=422)
    try:
        action = _create(request, ou, form)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _new_page(request, ou, form, status=422)
    letters = names.in_letters(action.title)
    return _to_action(request, action, f"{letters} is sent as {action.title}." if letters else "")


def _to_action(request: HttpRequest, action: Action, said: str = "") -> HttpResponse:
    return after_post(request, reverse("activity:detail", args=[action.pk]), said)


def _packages_for(request: HttpRequest, company: OU) -> list[Package]:
    """Packages under which the person may make a domain: that can be billed, so it is a permission of its own."""
    if not access.may(request, OPERATIONS["domain.create_in_package"], company):
        return []
    own = access.packages(request).filter(ou=company, gone_at=None)
    return list(own.select_related("connection", "ou").order_by("code", "id"))


def _blank(request: HttpRequest, company: OU) -> NewDomainForm:
    """An empty form, `?package=` chosen; or, with `?again=`, the one that SYNAQ refused."""
    options: dict[str, Any] = {
        "request": request,
        "company": company,
        "packages": _packages_for(request, company),
    }
    refused = inflight.to_mend(request, "domain.create", "domain.create_in_package", ou=company)
    if refused:
        return NewDomainForm.after_refusal(refused, typed_in(refused), **options)
    chosen = search_term(request, "package")
    known = any(package.guid == chosen for package in options["packages"])
    return NewDomainForm(initial={"way": f"{UNDER}:{chosen}" if known else ALONE}, **options)


def _create(request: HttpRequest, company: OU, form: NewDomainForm) -> Action:
    name, mark = form.cleaned_data["domain_name"], form.submission_id
    if form.package is None:
        return services.create_domain(company, by=request.user, name=name, submission=mark)
    return services.create_domain_in_package(
        form.package, by=request.user, name=name, at_once=form.at_once, submission=mark
    )


def _new_page(request: HttpRequest, company: OU, form: NewDomainForm, status: int = 200) -> HttpResponse:
    home = reverse("ous:detail", args=[company.guid])
    context = {
        "page_title": "New domain",
        "subtitle": f"For {company.title}",
        "crumbs": [("Companies", reverse("ous:list")), (company.title, home)],
        "company": company,
        "form": form,
        "effect": service_effects.of_packages(request, company, _under(company, form)),
        "cancel_url": home,
    }
    return render(request, "domains/new.html", context, status=status)


def _under(company: OU, form: NewDomainForm) -> QuerySet[Package]:
    """The packages under which the form offers to make it."""
    offered = [package.pk for package in form.packages.values()]
    return Package.objects.filter(ou=company, pk__in=offered).order_by("code", "id")


@policy(roles.CHANGE_DOMAINS)
def link(request: HttpRequest, guid: str) -> HttpResponse:
    """Link the domain to one of its company's packages."""
    row = get(request, guid)
    access.require(request, OPERATIONS["domain.link"], row.ou)
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    packages = list(
        access.packages(request)
        .filter(ou=row.ou_id, gone_at=None)
        .exclude(links__domain=row)
        .prefetch_related("editions")
        .order_by("code", "id")
    )
    form = LinkForm(
        inflight.posted(request), packages=packages, initial={"package": request.GET.get("package", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            action = services.link_domain(row, form.chosen, by=request.user, submission=form.submission_id)
            return _to_domain(request, row, f"The link to {form.chosen} is asked for.", action)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    may_sell = access.may(request, OPERATIONS["package.create"], row.ou)
    context = {
        **above(request, row, below=True),
        "page_title": "Link a package",
        "subtitle": f"To {row.name}",
        "form": form,
        "packages": packages,
        "linked": list(row.packages.order_by("code", "id")),
        "consequence": OPERATIONS["domain.link"].consequence,
        "sell_url": reverse("packages:new", args=[row.ou.guid]) if may_sell else "",
    }
    return render(request, "domains/link.html", context, status=422 if form.is_bound else 200)


def _to_domain(request: HttpRequest, domain: Domain, said: str, action: Action) -> HttpResponse:
    """Back to the domain's page, which shows the action move."""
    waits = " It waits for what was asked for before." if _behind(request, domain, action) else ""
    return after_post(request, reverse("domains:detail", args=[domain.guid]), f"{said}{waits}")


def _behind(request: HttpRequest, domain: Domain, action: Action) -> bool:
    line = access.actions(request).filter(connection=action.connection_id, lock_key=action.lock_key)
    before = line.filter(pk__lt=action.pk)
    return before.filter(state__in=Action.OPEN).exists()


@policy(roles.CHANGE_DOMAINS)
def fields(request: HttpRequest, guid: str) -> HttpResponse:
    """Fill in the service fields that the linked packages ask for."""
    row = get(request, guid)
    access.require(request, OPERATIONS["domain.fields"], row.ou)
    if sent := inflight.sent_already(request):
        return _to_action(request, sent)
    if request.method == "POST":
        return _send_fields(request, row)
    inflight.freshen(request, row)
    return _fields_as_read(request, guid)


@of_one_moment
def _fields_as_read(request: HttpRequest, guid: str) -> HttpResponse:
    row = get(request, guid)
    return _fields_page(request, row, _blank_fields(request, row))


def _send_fields(request: HttpRequest, domain: Domain) -> HttpResponse:
    form = ServiceFieldsForm(request.POST, fields=domain.fields)
    if form.is_valid():
        clear, secret = form.changes()
        try:
            action = services.fill_fields(
                domain, by=request.user, fields=clear, secrets=secret, submission=form.submission_id
            )
            return _to_domain(request, domain, "The service fields are on their way to SYNAQ.", action)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    response = _fields_page(request, domain, form)
    response.status_code = 422
    return response


def _blank_fields(request: HttpRequest, domain: Domain) -> ServiceFieldsForm:
    """The form with the present values; or, with `?again=`, the one that SYNAQ refused."""
    refused = inflight.to_mend(request, "domain.fields", guid=domain.guid, connection=domain.connection_id)
    if refused is None:
        return ServiceFieldsForm(fields=domain.fields)
    data = ServiceFieldsForm.typed_in(domain.fields, refused.payload.get("fields", {}))
    return ServiceFieldsForm.after_refusal(refused, data, fields=domain.fields)


def _fields_page(request: HttpRequest, domain: Domain, form: ServiceFieldsForm) -> HttpResponse:
    """The form, and beside it a live notice: it is never swapped under the person who types."""
    now = service_fields.mark(domain.fields)
    built_from = request.GET.get("form_mark", now) if request.htmx else now  # type: ignore[attr-defined]
    state = reading.state(domain)
    running = [action for action in inflight.on(request, domain) if action.is_open]
    context = {
        **above(request, domain, below=True),
        "page_title": "Service fields",
        "running": present.rows(running),
        "subtitle": f"Of {domain.name}",
        "form": form,
        "form_mark": now,
        "newer": built_from != now,
        "why_not": OPERATIONS["domain.fields"].why_not(domain, domain.connection.dialect),
        "in_service": domain.state not in NOT_YET_PROVISIONED,
        "again_url": reverse("domains:fields", args=[domain.guid]),
        "refresh_url": "",
        **state,
    }
    shown = inflight.together(running, inflight.known_before(request))
    page, fragment = "domains/fields.html", "domains/_fields_notice.html"
    response = live_page(request, page, fragment, context, shown, moving=state["reading_due"])
    if built_from != now and built_from == service_fields.mark({}):
        response["HX-Refresh"] = "true"  # the form was empty: nothing typed can be lost
    return response


@policy(roles.CHANGE_DOMAINS)
def provision(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the domain's services set up: asked first on GET, done on POST."""
    row = get(request, guid)
    operation = OPERATIONS[overview.PROVISION]
    access.require(request, operation, row.ou)
    form = SubmissionForm(inflight.posted(request))
    if request.method == "POST" and form.is_valid():
        return _provision(request, row, form)
    why_not = operation.why_not(row, row.connection.dialect)
    context = {
        **above(request, row, below=True),
        "page_title": "Provision",
        "title": f"Provision {row.name}?",
        "consequence": operation.consequence,
        "facts": [f"{package} is set up for it." for package in row.packages.filter(gone_at=None)],
        "verb": "Provision",
        "action_url": request.path,
        "form": form,
        "effect": service_effects.of(request, operation, row),
        "why_not": why_not,
    }
    return render(request, "domains/confirm.html", context, status=422 if form.is_bound else 200)


def _provision(request: HttpRequest, domain: Domain, form: SubmissionForm) -> HttpResponse:
    running = overview.provisioning_now(inflight.on(request, domain))
    if running:
        return _to_domain(request, domain, "It is being provisioned already.", running)
    try:
        action = services.provision_domain(domain, by=request.user, submission=form.submission_id)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return after_post(request, reverse("domains:detail", args=[domain.guid]))
    return _to_domain(request, domain, "Provisioning is asked for.", action)


@policy(roles.SEE_DOMAINS)
@require_POST
def refresh(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the domain and its packages read anew."""
    row = get(request, guid)
    want_reading(row)
    for package in row.packages.filter(gone_at=None).select_related("ou__connection"):
        want_reading(package)
    return after_post(request, reverse("domains:detail", args=[row.guid]))
