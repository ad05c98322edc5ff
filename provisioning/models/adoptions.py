from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.models.connections import Connection


class Adoption(models.Model):
    """A thing that SYNAQ has already and that a person named by its GUID, to be taken into the mirror."""

    class State(models.TextChoices):
        WAITING = "waiting", "waits for what it belongs to"
        READING = "reading", "being read"
        TAKEN = "taken", "taken in"
        REFUSED = "refused", "not taken in"

    OPEN = (State.WAITING, State.READING)

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    guid = models.CharField(max_length=100)
    under = models.CharField(max_length=100, help_text="GUID of what it belongs to")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    words = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "guid"], name="adoption_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="adoption_open", condition=Q(state__in=["waiting", "reading"]))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.guid}"
