"""Prices, closed months and what finance wants to be told. Ours alone: SYNAQ knows nothing of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class PriceBook(models.Model):
    """What things cost for a reseller's customers, or for one customer, from one day to another. The nearest book at or
    above a company that holds on the month's last day counts."""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="price_books")
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3, default="ZAR", help_text="ISO 4217")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="Its last day; without one it holds on")
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, default=0, help_text="Per cent")
    shown_to_customer = models.BooleanField(
        default=False, help_text="A customer's own admins see what their changes cost by it"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="price_book_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="price_book_tax_is_a_rate", condition=Q(tax_rate__gte=0) & Q(tax_rate__lte=100)
            ),
        ]
        indexes = [models.Index(fields=["ou", "valid_from"], name="price_book_by_ou")]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What one of an edition costs a month. Tiers: from so many on, each unit beyond costs `unit` (graduated)."""

    book = models.ForeignKey(PriceBook, on_delete=models.CASCADE, related_name="prices")
    edition = models.CharField(max_length=100)
    unit = models.DecimalField(max_digits=14, decimal_places=4)
    minimum = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, help_text="Least that a customer pays for it a month"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "edition"], name="price_once_in_book"),
            models.CheckConstraint(name="price_not_negative", condition=Q(unit__gte=0) & Q(minimum__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.unit}"


class Tier(models.Model):
    """From the `first`-th unit on (2 or more), a unit costs this."""

    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="tiers")
    first = models.PositiveIntegerField()
    unit = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(fields=["price", "first"], name="tier_once"),
            models.CheckConstraint(name="tier_begins_later", condition=Q(first__gte=2) & Q(unit__gte=0)),
        ]

    def __str__(self) -> str:
        return f"from {self.first}: {self.unit}"


class ClosedMonth(models.Model):
    """A month of a reseller that is closed: its figures and prices as they were, under a hash. Never changed."""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="closed_months")
    month = models.DateField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True)
    hash = models.CharField(max_length=64, help_text="SHA-256 over its lines in their canonical form")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ou", "month"], name="month_closed_once"),
            models.CheckConstraint(name="closed_month_of_a_first", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ClosedCompany(models.Model):
    """A company whose month is closed, with usage or without: the database lets each month of a company close once,
    whether with its sub-reseller or with the reseller above."""

    closed = models.ForeignKey(ClosedMonth, on_delete=models.PROTECT, related_name="companies")
    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="+")
    month = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ou", "month"], name="company_month_closed_once")]

    def __str__(self) -> str:
        return f"{self.ou} {self.month:%Y-%m}"


class Line(models.Model):
    """One line of a closed month: a company's use of an edition on a domain, or an adjustment of an earlier month."""

    closed = models.ForeignKey(ClosedMonth, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    ou = models.ForeignKey(
        "provisioning.OU", on_delete=models.PROTECT, related_name="+", help_text="The company"
    )
    company = models.CharField(max_length=330, help_text="Its title then")
    domain = models.CharField(max_length=260, blank=True)
    edition = models.CharField(max_length=100)
    product = models.CharField(max_length=100, blank=True)
    count = models.IntegerField(help_text="Of an adjustment the difference, which may be negative")
    currency = models.CharField(max_length=3, blank=True, help_text="Empty: unpriced")
    net = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, help_text="Null: unpriced, which is not free"
    )
    tax = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    how = models.JSONField(default=dict, help_text="The price that was used: unit, tiers, minimum, book")
    data_as_at = models.DateTimeField(null=True)
    report = models.ForeignKey(
        "provisioning.UsageReport", on_delete=models.PROTECT, null=True, related_name="+"
    )
    adjusts = models.DateField(null=True, help_text="The month that it corrects")
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["closed", "position"], name="line_has_its_place")]
        indexes = [models.Index(fields=["ou", "closed"], name="line_by_company")]

    def __str__(self) -> str:
        return f"{self.company} {self.edition} {self.count}"


class Adjustment(models.Model):
    """A correction to a closed month that waits for the next closing: found by itself, or made by a person."""

    closed = models.ForeignKey(ClosedMonth, on_delete=models.PROTECT, related_name="adjustments")
    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="+")
    domain = models.CharField(max_length=260, blank=True)
    edition = models.CharField(max_length=100)
    count = models.IntegerField()
    currency = models.CharField(max_length=3, blank=True)
    net = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tax = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    report = models.ForeignKey(
        "provisioning.UsageReport", on_delete=models.PROTECT, null=True, related_name="+"
    )
    line = models.OneToOneField(Line, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["closed", "ou", "domain", "edition", "report"],
                name="adjustment_once_a_report",
                condition=~Q(report=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.count:+}"


class Notice(models.Model):
    """What finance is told by mail about a reseller: the monthly pack, and alerts."""

    ou = models.OneToOneField("provisioning.OU", on_delete=models.PROTECT, related_name="usage_notice")
    recipients = ArrayField(models.EmailField(max_length=254), default=list, blank=True)
    pack = models.BooleanField(default=False, help_text="Send the month's workbook once it is closed")
    jump = models.PositiveIntegerField(null=True, blank=True, help_text="Per cent of change that is told")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)
    failed_at = models.DateTimeField(null=True, help_text="Since when a mail could not be sent")

    def __str__(self) -> str:
        return f"Notices of {self.ou}"


class Quota(models.Model):
    """How many of an edition a customer is meant to have: more is told."""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="usage_quotas")
    edition = models.CharField(max_length=100, blank=True, help_text="Empty: all editions together")
    most = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ou", "edition"], name="quota_once")]

    def __str__(self) -> str:
        return f"{self.ou} {self.edition} {self.most}"


class Sent(models.Model):
    """A mail of that kind about that thing has gone out: it goes out once."""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, help_text="pack, quota, jump")
    about = models.CharField(
        max_length=500, help_text="Month, company and edition that it told of, and to whom"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ou", "kind", "about"], name="sent_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"

    @property
    def month_and_address(self) -> str:
        words = self.about.split(" ")
        return f"{words[0]}, {words[-1]}"
