"""Runs: countings of many domains in one go, as far as they are of the viewer's own customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal import access
from portal.batches import progress
from provisioning.models import Action, Batch, Reading, Step, UsageRun

_WATCHED = timedelta(minutes=10)  # so long a page waits for reports that SYNAQ still compiles
_LABELS = {
    UsageRun.Why.NIGHT: "Nightly run",
    UsageRun.Why.MONTH_END: "Month-end run",
    UsageRun.Why.PERSON: "Asked for",
}


@dataclass(frozen=True)
class Shown:
    """One run. Its numbers are of domains that the viewer sees; `batch_url` is for those who see activity."""

    run: UsageRun
    total: int
    done: int
    failed: int
    compiling: int
    url: str
    batch_url: str

    @property
    def label(self) -> str:
        return _LABELS[UsageRun.Why(self.run.why)]

    @property
    def batch(self) -> Batch:
        assert self.run.batch is not None  # a run without one is not shown
        return self.run.batch

    @property
    def is_moving(self) -> bool:
        """Whether more is to come of it."""
        if self.batch.state == Batch.State.RUNNING:
            return True
        return self.compiling > 0 and timezone.now() - self.run.made_at < _WATCHED


def scoped(request: HttpRequest) -> QuerySet[UsageRun]:
    """Runs in which a domain of the viewer's was to be counted."""
    own = _steps(request).filter(batch=OuterRef("batch"))
    return UsageRun.objects.filter(Exists(own)).select_related("batch", "by", "connection")


def _steps(request: HttpRequest) -> QuerySet[Step]:
    """Steps of runs that are about a domain of the viewer's: its GUID says so on the run's own connection alone."""
    same = {"guid": OuterRef("guid"), "connection": OuterRef("batch__usage_run__connection")}
    return Step.objects.filter(Exists(access.usage_domains(request).filter(**same)))


def latest(request: HttpRequest) -> list[Shown]:
    """The last run of each connection, those that are under way first."""
    newest = UsageRun.objects.filter(connection=OuterRef("connection")).order_by("-id")
    seen = scoped(request)
    last = seen.filter(pk=Subquery(newest.filter(pk__in=seen.values("pk")).values("pk")[:1]))
    return shown(request, list(last.order_by("-id")[:10]))


def shown(request: HttpRequest, runs: Sequence[UsageRun]) -> list[Shown]:
    """With their numbers: two queries, and one for what may be opened."""
    own = _steps(request).filter(batch__in=[run.batch_id for run in runs])
    counts: dict[int | None, Any] = {
        row["batch"]: row for row in own.order_by().values("batch").annotate(**progress.COUNTS)
    }
    compiling = _compiling(request, runs)
    opens = set(
        access.batches(request).filter(pk__in=[run.batch_id for run in runs]).values_list("pk", flat=True)
    )
    none = dict.fromkeys(progress.COUNTS, 0)
    found = []
    for run in runs:
        numbers: dict[str, Any] = counts.get(run.batch_id, none)
        found.append(
            Shown(
                run, numbers["total"], numbers["done"], numbers["failed"], compiling.get(run.batch_id, 0),
                reverse("usage:run", args=[run.pk]),
                reverse("batches:detail", args=[run.batch_id]) if run.batch_id in opens else "",
            )
        )  # fmt: skip
    return found


def _compiling(request: HttpRequest, runs: Sequence[UsageRun]) -> dict[int | None, int]:
    """How many domains of each run were counted, and have no finished report yet."""
    same = {"guid": OuterRef("guid"), "connection": OuterRef("batch__usage_run__connection")}
    due = Reading.objects.filter(kind=Reading.Kind.USAGE, due_at__isnull=False, **same)
    steps = _steps(request).filter(Exists(due), batch__in=[run.batch_id for run in runs])
    done = steps.filter(action__state=Action.State.FINISHED).order_by().values_list("batch")
    return dict(done.annotate(number=Count("pk")))


def failures(request: HttpRequest, run: UsageRun, most: int = 200) -> list[dict[str, Any]]:
    """Domains of the viewer's that were not counted, with SYNAQ's words and the action for those who see it."""
    domains = {domain.guid: domain for domain in access.usage_domains(request).filter(
        connection=run.connection_id,
        guid__in=Step.objects.filter(progress.FAILED, batch=run.batch_id).values("guid"),
    ).select_related("ou")[:most]}  # fmt: skip
    steps = Step.objects.filter(progress.FAILED, batch=run.batch_id, guid__in=domains)
    seen = set(access.actions(request).filter(pk__in=steps.values("action")).values_list("pk", flat=True))
    return [
        {
            "domain": domains[step.guid],
            "at": step.action.ended_at if step.action else None,
            "words": (step.action.words if step.action else step.words)
            if step.action is None or step.action.pk in seen
            else "",
            "url": reverse("activity:detail", args=[step.action.pk])
            if step.action and step.action.pk in seen
            else "",
        }
        for step in steps.select_related("action").order_by("title", "pk")
    ]
