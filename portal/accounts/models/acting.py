from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Acting(models.Model):
    """A person of the reseller looks at the portal as a customer's person, for a while and for a reason."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ou = models.ForeignKey(
        "provisioning.OU", on_delete=models.PROTECT, related_name="+", help_text="For scope"
    )
    reason = models.TextField()
    began_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["ou", "-id"], name="acting_by_ou")]
        constraints = [
            models.CheckConstraint(name="acting_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="acting_is_as_another", condition=~Q(by=models.F("person"))),
        ]

    def __str__(self) -> str:
        return f"{self.by} as {self.person}"

    @property
    def is_on(self) -> bool:
        return self.ended_at is None and self.until > timezone.now()

    @property
    def over_at(self) -> datetime:
        """When it was over: ended, or its time up, whichever came first."""
        return min(self.ended_at or self.until, self.until)
