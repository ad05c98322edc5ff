"""Views of many mailboxes at once: asked first, then done as one batch; and the file of those that failed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal import access, exports, roles
from portal.access import policy
from portal.batches import progress
from portal.confirming import ReasonForm
from portal.http import after_post
from portal.mailboxes import effects, imports_file, overview, selection
from portal.mailboxes.selection import Chosen, Verdict
from portal.typed import LineField
from provisioning.models import Batch, Step
from provisioning.operations import Operation
from provisioning.services import imports
from provisioning.services import selection as services

_SHOWN = 10  # addresses that are named; the rest is counted
_HEADINGS = ["Address", "Asked for", "Why"]


class ManyForm(ReasonForm):
    """The question; before what cannot be undone, how many it is about is typed."""

    def __init__(self, *args: Any, count: int, typed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = count
        if typed:
            self.fields["typed_count"] = LineField(
                label=format_html("Type <strong>{}</strong>, their number, to go on", count),
                widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"}),
                error_messages={"required": "Type the number: what follows cannot be undone."},
            )

    def clean_typed_count(self) -> str:
        """The very number, with or without a separator of thousands."""
        typed: str = self.cleaned_data["typed_count"]
        if "".join(letter for letter in typed if letter not in " ,.'’") != str(self.count):
            raise ValidationError("That is not their number. Nothing was done; type it as it is shown.")
        return typed


@policy(roles.SEE_MAILBOXES)
def selected(request: HttpRequest) -> HttpResponse:
    """Tell the chosen mailboxes to do something: asked first, done when the question is confirmed."""
    home = _list_url(request)
    if request.method != "POST":
        return HttpResponseRedirect(home)
    operation = selection.VERBS.get(request.POST.get("operation", ""))
    if operation is None or not access.grants(request).has(operation.permission):
        raise Http404
    confirmed = "confirmed" in request.POST
    if confirmed and overview.batch_sent_already(request):
        return after_post(request, home)
    chosen = selection.chosen(request)
    if fault := _fault(chosen):
        messages.warning(request, fault)
        return after_post(request, home)
    verdict = selection.judge(request, operation, chosen.mailboxes)
    changed = confirmed and request.POST.get("mark") != verdict.mark
    form = _form(request, operation, verdict, bound=confirmed and not changed)
    if verdict.going and form.is_valid():
        return after_post(request, home, _start(request, operation, verdict, form))
    return _page(request, operation, chosen, verdict, form, changed=changed)


def _form(request: HttpRequest, operation: Operation, verdict: Verdict, *, bound: bool) -> ManyForm:
    """As it was sent; or anew, with the reason that was given."""
    asked: dict[str, Any] = {"count": len(verdict.going), "typed": operation.destructive}
    if bound:
        return ManyForm(request.POST, **asked)
    return ManyForm(initial={"reason": request.POST.get("reason", "")[:500]}, **asked)


def _list_url(request: HttpRequest) -> str:
    """The list as it was: with its filters, its order and its page."""
    query = request.GET.copy()
    query.pop("tick", None)
    return f"{reverse('mailboxes:list')}?{query.urlencode()}" if query else reverse("mailboxes:list")


def _fault(chosen: Chosen) -> str:
    if chosen.too_many:
        return f"More than {selection.MOST:,} match, and that is the most at once: narrow the search."
    if not chosen.mailboxes and chosen.everything:
        return "Nothing matches any more."
    return "" if chosen.mailboxes else "Tick the mailboxes first, or all that match."


def _start(request: HttpRequest, operation: Operation, verdict: Verdict, form: ManyForm) -> SafeString:
    """Begin it; what is said of it, with the way to where it is seen."""
    batches = services.start_selection(
        operation,
        selection.groups(request, operation, ((row.ou, row) for row in verdict.going)),
        by=request.user,
        submission=form.submission_id,
        reason=form.cleaned_data["reason"],
    )
    links = format_html_join(
        ", ",
        '<a href="{}">{}</a>',
        ((reverse("batches:detail", args=[batch.pk]), f"batch {batch.pk}") for batch in batches),
    )
    said = services.counted(len(verdict.going), "mailbox")
    return format_html("{} is asked for on {}: {} shows how far it is.", operation.label, said, links)


def _page(
    request: HttpRequest,
    operation: Operation,
    chosen: Chosen,
    verdict: Verdict,
    form: ManyForm,
    *,
    changed: bool,
) -> HttpResponse:
    """The question. `changed`: it was about others when it was answered."""
    count = services.counted(len(verdict.going), "mailbox")
    context = {
        "page_title": f"{operation.label} {count}",
        "crumbs": [("Mailboxes", _list_url(request))],
        "operation": operation,
        "verb": request.POST["operation"],
        "chosen": chosen,
        "verdict": verdict,
        "shown": verdict.going[:_SHOWN],
        "more": len(verdict.going) - _SHOWN,
        "companies": len({row.ou_id for row in verdict.going}),
        "left": sum(entry.count for entry in verdict.left_out),
        "count": count,
        "form": form,
        "effect": effects.of(request, operation, verdict.going),
        "changed": changed,
        "action_url": f"{request.path}?{request.GET.urlencode()}",
        "cancel_url": _list_url(request),
    }
    return render(
        request, "mailboxes/selected.html", context, status=422 if form.is_bound or changed else 200
    )


@policy(roles.SEE_ACTIVITY)
def failed(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows of a batch that did not come to be, as a file; of an import, one that can be imported again."""
    batch: Batch = get_object_or_404(
        access.batches(request).filter(kind__in=(services.KIND, imports.KIND)), pk=pk
    )
    again = batch.kind == imports.KIND
    headings = imports_file.HEADINGS_AGAIN if again else _HEADINGS
    rows = (
        imports_file.again(step, _why(step)) if again else [step.title, progress.label_of(step), _why(step)]
        for step in progress.undone(batch).iterator(chunk_size=500)
    )
    return exports.answer(exports.CSV_EXCEL, f"batch-{batch.pk}-failed", headings, rows)


def _why(step: Step) -> str:
    """In SYNAQ's words or ours, on one line."""
    action = step.action
    if action is None:
        return step.words or "It was not begun."
    said = [action.words, *(f"{line['field']}: {line['message']}" for line in action.errors)]
    return " ".join(" ".join(filter(None, said)).split()) or str(action.state)
