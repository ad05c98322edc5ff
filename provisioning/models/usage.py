"""What is in use: every report that SYNAQ gave, kept, and the figure that counts for each month. Written by
`provisioning/usage.py` alone; the database refuses to change a report."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from provisioning.models.activity import Action
from provisioning.models.batches import Batch
from provisioning.models.connections import Connection
from provisioning.models.domains import Domain
from provisioning.models.ous import OU


class UsageReport(models.Model):
    """One finished report on a domain, as SYNAQ gave it. History: never changed, never removed."""

    class Source(models.TextChoices):
        SUMMARY = "summary", "usage report"
        DETAILED = "detailed", "detailed usage"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="usage_reports")
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="+", help_text="Whose it was then")
    source = models.CharField(max_length=10, choices=Source.choices)
    data_as_at = models.DateTimeField(null=True, help_text="As SYNAQ says; null where it does not")
    received_at = models.DateTimeField(default=timezone.now)
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="+")
    digest = models.CharField(max_length=64, help_text="Of its content: the same report read twice is one")
    raw = models.JSONField(default=dict, help_text="SYNAQ's words, secrets masked")
    problems = models.JSONField(default=list, help_text="What was odd about it, in our sentences")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "source", "digest"], name="usage_report_kept_once")
        ]
        indexes = [models.Index(fields=["domain", "-id"], name="usage_report_by_domain")]

    def __str__(self) -> str:
        return f"{self.domain} {self.data_as_at or self.received_at}"


class UsageCount(models.Model):
    """How many of one edition a report counts. What is not a number of things (negative, absurd) has no row: the
    report's problems say it."""

    report = models.ForeignKey(UsageReport, on_delete=models.PROTECT, related_name="counts")
    edition = models.CharField(max_length=100, help_text="The edition's code in SYNAQ's words")
    product = models.CharField(
        max_length=100, blank=True, help_text="Code of the product it belongs to, if known"
    )
    count = models.PositiveIntegerField()
    mailboxes = models.JSONField(
        default=list, help_text="The billable mailboxes behind it, where SYNAQ lists them"
    )
    warning = models.TextField(blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "edition"], name="usage_count_once")]

    def __str__(self) -> str:
        return f"{self.edition} {self.count}"


class MonthlyFigure(models.Model):
    """The figure that counts for a month: of the last report whose data lies in it. One row a domain and edition."""

    month = models.DateField(help_text="Its first day, by the portal's time zone")
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="+", help_text="The company")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="+")
    edition = models.CharField(max_length=100)
    product = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField()
    data_as_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    report = models.ForeignKey(UsageReport, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "domain", "edition"], name="monthly_figure_once"),
            models.CheckConstraint(name="monthly_figure_of_a_first", condition=Q(month__day=1)),
        ]
        indexes = [
            models.Index(fields=["month", "ou", "edition"], name="monthly_figure_by_company"),
            models.Index(fields=["ou", "month"], name="monthly_figure_history"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.domain} {self.edition} {self.count}"


class UsageRun(models.Model):
    """Counting of many domains in one go: a batch with its reason, one a connection and night."""

    class Why(models.TextChoices):
        NIGHT = "night", "nightly"
        MONTH_END = "month_end", "last day of the month"
        PERSON = "person", "asked for by a person"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=10, choices=Why.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, null=True, related_name="usage_run")
    day = models.DateField(help_text="For which day, by the portal's time zone")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "why", "day"], name="usage_run_once_a_day", condition=~Q(why="person")
            )
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="usage_run_by_connection")]

    def __str__(self) -> str:
        return f"{self.connection} {self.day} {self.why}"
