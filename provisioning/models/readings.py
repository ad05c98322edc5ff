from __future__ import annotations

from django.db import models
from django.db.models import Q

from provisioning.models.connections import Connection
from provisioning.models.domains import Domain
from provisioning.models.ous import OU


class Reading(models.Model):
    """Something that is to be read from SYNAQ into the mirror: at most one row a thing, due or done."""

    class Kind(models.TextChoices):
        OU = "ou"
        PACKAGE = "package"
        DOMAIN = "domain"
        MAILBOX = "mailbox"
        CATALOGUE = "catalogue"
        # what lies below a thing, page by page: current dialect only
        OUS = "ous"
        DOMAINS = "domains"
        MAILBOXES = "mailboxes"
        USAGE = "usage"
        USAGE_DETAIL = "usage_detail"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    guid = models.CharField(max_length=100)
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="+", help_text="Where the thing lives")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, null=True, related_name="+")
    priority = models.PositiveSmallIntegerField(
        default=0, help_text="0: a person waits for it; more: scheduled work, which goes after"
    )
    request_id = models.CharField(max_length=64, blank=True, help_text="Of the click that last asked for it")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="Null when nothing is to be read")
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    page = models.PositiveIntegerField(default=1, help_text="Of a list: the one to be read next")
    trouble = models.TextField(blank=True, help_text="Why the last attempt failed, in words for people")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind", "guid"], name="reading_once")]
        indexes = [
            models.Index(fields=["due_at"], name="reading_due", condition=Q(due_at__isnull=False)),
            # people's and scheduled ones are claimed apart: however much is behind, a look for a click's passes it by
            models.Index(
                fields=["connection", "due_at"],
                name="reading_due_for_people",
                condition=Q(due_at__isnull=False, priority=0),
            ),
            models.Index(
                fields=["connection", "due_at"],
                name="reading_due_behind",
                condition=Q(due_at__isnull=False, priority__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.guid}"
