"""Who is told by mail of a reseller's months and of its customers' usage; how many a customer is meant to have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from portal import roles
from portal.access import policy
from portal.billing.models import Notice, Quota, Sent
from portal.closing.finding import may_close, ou_of
from portal.http import after_post
from portal.typed import LineField
from provisioning import audit
from provisioning.models import OU

_MOST = 200
_MOST_PEOPLE = 10


class NoticeForm(forms.Form):
    recipients = forms.CharField(
        required=False, max_length=4_000, widget=forms.Textarea({"rows": 3}),
        help_text=f"Addresses, one a line, at most {_MOST_PEOPLE}. Without one, nothing is sent.",
    )  # fmt: skip
    pack = forms.BooleanField(
        label="Send the month's workbook once it is closed", required=False,
        help_text="It holds what every customer uses and pays.",
    )  # fmt: skip
    jump = forms.IntegerField(
        label="Tell of usage that changes by more than", required=False, min_value=1, max_value=10_000,
        help_text="Per cent since last month, of each customer and edition. Empty: never.",
        error_messages={"invalid": "Type a whole number of per cent, such as 20."},
    )  # fmt: skip

    def clean_recipients(self) -> list[str]:
        said = self.cleaned_data["recipients"].replace(",", "\n").replace(";", "\n").splitlines()
        found = list(dict.fromkeys(line.strip() for line in said if line.strip()))
        for address in found:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(f"“{address[:80]}” is no address.") from None
            if len(address) > 254:
                raise ValidationError("An address has at most 254 characters.")
        if len(found) > _MOST_PEOPLE:
            raise ValidationError(f"{_MOST_PEOPLE} addresses are the most.")
        return found


class QuotaForm(forms.Form):
    company = forms.ModelChoiceField(OU.objects.none(), to_field_name="guid", empty_label=None)
    edition = LineField(required=False, max_length=100, help_text="Its code. Empty: all editions together.")
    most = forms.IntegerField(
        label="At most", min_value=0, max_value=1_000_000,
        error_messages={"invalid": "Type a whole number, such as 50.", "required": "Type a number, such as 50."},
    )  # fmt: skip

    def __init__(self, *args: Any, ou: OU, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        assert isinstance(field, forms.ModelChoiceField)
        below = OU.objects.filter(path__startswith=ou.path, type=OU.Type.COMPANY, gone_at=None)
        field.queryset = below.order_by("title", "pk")


@policy(roles.CLOSE_MONTHS)
def notices(request: HttpRequest, guid: str) -> HttpResponse:
    """Mails and alerts of one reseller."""
    ou = _ou(request, guid)
    row = Notice.objects.filter(ou=ou).first() or Notice(ou=ou)
    form = NoticeForm(request.POST or None, initial=_facts(row) | {"recipients": "\n".join(row.recipients)})
    if request.method == "POST" and form.is_valid():
        _keep(row, form.cleaned_data, request.user)
        return after_post(request, _url(ou), "Kept.")
    return _page(request, ou, row, form, QuotaForm(ou=ou))


@policy(roles.CLOSE_MONTHS)
@require_POST
def quota(request: HttpRequest, guid: str) -> HttpResponse:
    """How many of an edition a customer is meant to have; said again, it takes the place of what was said."""
    ou = _ou(request, guid)
    form = QuotaForm(request.POST, ou=ou)
    if not form.is_valid():
        row = Notice.objects.filter(ou=ou).first() or Notice(ou=ou)
        shown = NoticeForm(initial=_facts(row) | {"recipients": "\n".join(row.recipients)})
        return _page(request, ou, row, shown, form)
    said = form.cleaned_data
    with transaction.atomic():
        old = Quota.objects.filter(ou=said["company"], edition=said["edition"]).first()
        Quota.objects.update_or_create(
            ou=said["company"], edition=said["edition"], defaults={"most": said["most"]}
        )
        _record(request, said["company"], said["edition"], old.most if old else None, said["most"])
    return after_post(request, _url(ou), "The quota is kept.")


@policy(roles.CLOSE_MONTHS)
@require_POST
def remove_quota(request: HttpRequest, guid: str, pk: int) -> HttpResponse:
    ou = _ou(request, guid)
    with transaction.atomic():
        row = get_object_or_404(Quota.objects.select_related("ou"), pk=pk, ou__path__startswith=ou.path)
        _record(request, row.ou, row.edition, row.most, None)
        row.delete()
    return after_post(request, _url(ou), "The quota is gone.")


def _page(request: HttpRequest, ou: OU, row: Notice, form: NoticeForm, quota: QuotaForm) -> HttpResponse:
    quotas = Quota.objects.filter(ou__path__startswith=ou.path).select_related("ou")
    context = {
        "page_title": "Mails and alerts",
        "pretitle": ou.title,
        "crumbs": [("Months", f"{reverse('months:list')}?ou={ou.guid}")],
        "ou": ou,
        "notice": row,
        "form": form,
        "quota_form": quota,
        "quotas": list(quotas.order_by("ou__title", "edition")[:_MOST]),
        "sent": list(Sent.objects.filter(ou=ou).order_by("-pk")[:10]),
        "verb": "Save",
        "cancel_url": f"{reverse('months:list')}?ou={ou.guid}",
    }
    return render(request, "months/notices.html", context, status=422 if form.errors or quota.errors else 200)


@transaction.atomic
def _keep(row: Notice, said: dict[str, Any], by: Any) -> None:
    old = _facts(row)
    row.recipients, row.pack, row.jump = said["recipients"], said["pack"], said["jump"]
    row.changed_by, row.changed_at, row.failed_at = by, timezone.now(), None
    row.save()
    title = f"Mails and alerts of {row.ou}"
    audit.record("setting", by=by, ou=row.ou, thing=row, title=title, old=old, new=_facts(row))


def _facts(row: Notice) -> dict[str, Any]:
    return {"recipients": ", ".join(row.recipients), "pack": row.pack, "jump": row.jump}


def _record(request: HttpRequest, company: OU, edition: str, old: int | None, new: int | None) -> None:
    title = f"Quota of {company}: {edition or 'all editions'}"
    audit.record("setting", by=request.user, ou=company, title=title, old={"most": old}, new={"most": new})


def _ou(request: HttpRequest, guid: str) -> OU:
    ou = ou_of(request, guid)
    if not may_close(request, ou):
        raise Http404
    return ou


def _url(ou: OU) -> str:
    return reverse("months:notices", args=[ou.guid])
