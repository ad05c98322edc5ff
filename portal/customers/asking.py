"""What each step of a new customer asks: the forms of the pages that ask for one thing alone, and their services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, QueryDict

from portal import access, inflight
from portal.customers.progress import DONE, LATER, Flow, Step
from portal.domains import forms as domain_forms
from portal.domains.forms import NewDomainForm, ServiceFieldsForm
from portal.mailboxes import forms as mailbox_forms
from portal.mailboxes.effects import facts_of_new
from portal.mailboxes.forms import NewMailboxForm
from portal.ous import forms as ou_forms
from portal.ous.forms import CompanyForm
from portal.packages import forms as package_forms
from portal.packages import offer as offers
from portal.packages import sale
from portal.packages.forms import PackageForm, TypedPackageForm
from portal.submissions import SubmissionForm
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS
from provisioning.services import customers, domains, mailboxes, ous, packages
from provisioning.services.common import Refused

ANY_NUMBER = ("fields", "mailboxes")  # steps in which more than one thing may be asked for
AT_ONCE = ("mailboxes",)  # and without waiting for the one before: else the next step opens by itself

Form = Any
Data = QueryDict | None


class UnderPackageForm(NewDomainForm):
    """A domain under the package that this customer has bought."""

    def _ways(self) -> Iterable[tuple[str, Any]]:
        return [way for way in super()._ways() if way[0] != domain_forms.ALONE]


def target_of(flow: Flow, step: Step) -> Any:
    """What the step's operation is asked of; None while that does not exist."""
    by_step = {
        "company": flow.batch.ou,
        "package": flow.company,
        "domain": flow.package,
        "fields": flow.domain,
        "provision": flow.domain,
        "mailboxes": flow.domain,
    }
    return by_step[step.kind.name]


def why_not(request: HttpRequest, flow: Flow, step: Step) -> str:
    """Why the step cannot be taken now by this person, in a sentence; "" if it can."""
    operation, target = OPERATIONS[step.kind.operations[0]], target_of(flow, step)
    early = (
        step.place == LATER and step.kind.name != "provision"
    )  # whether all fields are needed, SYNAQ decides
    if target is None or early:
        return "The steps before it come first."
    if not access.may(request, operation, target if isinstance(target, OU) else target.ou):
        return "Your role does not include this step. Somebody whose role does can go on here."
    if step.running and step.kind.name not in AT_ONCE:
        return "This step is under way."
    if step.place == DONE and step.kind.name not in ANY_NUMBER:
        return "This step has been taken meanwhile. What you typed was not sent."
    return operation.why_not(target, target.connection.dialect)


def parents(request: HttpRequest) -> list[OU]:
    """The resellers under which the person may take on a customer."""
    found = access.ous(request).exclude(type=OU.Type.COMPANY).filter(gone_at=None)
    create = OPERATIONS["ou.create_company"]
    rows = found.select_related("connection").order_by("path")
    return [ou for ou in rows if access.may(request, create, ou)]


# --- the forms: as sent (`data`), as SYNAQ refused them, or empty -------------------------------------------------------


def form_of(request: HttpRequest, flow: Flow, step: Step, data: Data = None) -> Form | None:
    """The step's form; None where there is none to fill in yet (the catalogue is still being fetched)."""
    return _FORMS[step.kind.name](request, flow, step, data)


def _filled(
    form: type[SubmissionForm], before: Action | None, typed: Any, data: Data, **options: Any
) -> Form:
    if data is not None:
        return form(data, **options)
    return form.after_refusal(before, typed(before), **options) if before else form(**options)


def _company(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form:
    return _filled(
        CompanyForm,
        step.failed,
        lambda sent: ou_forms.typed_in(sent.guid, sent.payload),
        data,
        parents=parents(request),
    )


def by_hand(request: HttpRequest, step: Step, offer: offers.Offer) -> bool:
    """Whether product codes are typed: chosen so, sent so, or the catalogue offers no other way."""
    chosen = request.GET.get("by") == "hand" or request.POST.get("way") == "typed"
    known = {product.code for product in offer.products}
    refused = step.failed is not None and step.failed.payload.get("code") not in known
    return bool(chosen or (offer.mark and (not offer.readable or refused)))


def _package(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form | None:
    assert flow.company is not None
    offer = offers.look(flow.company, ask=False)
    if by_hand(request, step, offer):
        return _filled(
            TypedPackageForm,
            step.failed,
            lambda sent: package_forms.typed_in(sent.payload),
            data,
            legacy=flow.company.connection.is_legacy,
        )
    if not offer.mark:
        return None
    return _filled(
        PackageForm,
        step.failed,
        lambda sent: package_forms.chosen_in(sent.payload),
        data,
        **sale.facts(request, offer),
    )


def _domain(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form:
    assert flow.package is not None
    options: dict[str, Any] = {"request": request, "company": flow.company, "packages": [flow.package]}
    if data is None and not step.failed:
        options["initial"] = {"way": f"{domain_forms.UNDER}:{flow.package.guid}"}
    return _filled(UnderPackageForm, step.failed, domain_forms.typed_in, data, **options)


def _fields(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form:
    assert flow.domain is not None
    known = flow.domain.fields

    def typed(sent: Action) -> dict[str, Any]:
        return ServiceFieldsForm.typed_in(known, sent.payload.get("fields", {}))

    return _filled(ServiceFieldsForm, step.failed, typed, data, fields=known)


def _provision(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form:
    return SubmissionForm(data)


def _mailbox(request: HttpRequest, flow: Flow, step: Step, data: Data) -> Form:
    assert flow.domain is not None
    refused = inflight.to_mend(request, "mailbox.create", batch=flow.batch)
    return _filled(
        NewMailboxForm, refused, mailbox_forms.typed_in, data, **facts_of_new(request, flow.domain)
    )


_FORMS: dict[str, Callable[[HttpRequest, Flow, Step, Data], Form | None]] = {
    "company": _company,
    "package": _package,
    "domain": _domain,
    "fields": _fields,
    "provision": _provision,
    "mailboxes": _mailbox,
}


# --- what is asked for ---------------------------------------------------------------------------------------------------


def ask(request: HttpRequest, flow: Flow, step: Step, form: Form) -> Action:
    """Ask for the step's action with the valid form. Raises Refused."""
    fault = why_not(request, flow, step)
    if fault:
        raise Refused(fault)
    return _ASKS[step.kind.name](request, flow, form)


def _ask_company(request: HttpRequest, flow: Flow, form: CompanyForm) -> Action:
    parent, details = form.chosen_parent(), form.details()
    customers.begin_anew(flow.batch, parent, details["title"])
    return ous.create_company(parent, by=request.user, details=details, submission=form.submission_id)


def _ask_package(request: HttpRequest, flow: Flow, form: Any) -> Action:
    assert flow.company is not None
    said = form.cleaned_data
    code, name = (form.chosen.code, form.chosen.name) if "product" in said else (said["code"], "")
    return packages.create_package(
        flow.company,
        by=request.user,
        code=code,
        name=name,
        editions=said.get("editions", []),
        submission=form.submission_id,
    )


def _ask_domain(request: HttpRequest, flow: Flow, form: NewDomainForm) -> Action:
    assert form.package is not None
    name = form.cleaned_data["domain_name"]
    return domains.create_domain_in_package(
        form.package, by=request.user, name=name, at_once=form.at_once, submission=form.submission_id
    )


def _ask_fields(request: HttpRequest, flow: Flow, form: ServiceFieldsForm) -> Action:
    assert flow.domain is not None
    clear, secret = form.changes()
    return domains.fill_fields(
        flow.domain, by=request.user, fields=clear, secrets=secret, submission=form.submission_id
    )


def _ask_provision(request: HttpRequest, flow: Flow, form: SubmissionForm) -> Action:
    assert flow.domain is not None
    return domains.provision_domain(flow.domain, by=request.user, submission=form.submission_id)


def _ask_mailbox(request: HttpRequest, flow: Flow, form: NewMailboxForm) -> Action:
    assert flow.domain is not None
    said = form.cleaned_data
    return mailboxes.create_mailbox(
        flow.domain,
        by=request.user,
        details=form.details(),
        password=said["password"],
        at_once=said["at_once"],
        submission=form.submission_id,
    )


_ASKS: dict[str, Callable[[HttpRequest, Flow, Any], Action]] = {
    "company": _ask_company,
    "package": _ask_package,
    "domain": _ask_domain,
    "fields": _ask_fields,
    "provision": _ask_provision,
    "mailboxes": _ask_mailbox,
}
