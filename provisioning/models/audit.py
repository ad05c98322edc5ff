"""The audit trail: who did what, when, why and for whom. Written by `provisioning/audit.py` alone; the database refuses to
change a row, and to remove one that is not old (migration 0007)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from provisioning.models.activity import Action
from provisioning.models.batches import Batch
from provisioning.models.ous import OU


class AuditEntry(models.Model):
    """One thing that a person did, or tried."""

    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=40, help_text="A row of provisioning.audit.KINDS")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    acting_as = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The customer's person as whom they looked at the portal",
    )
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, null=True, related_name="+", help_text="For scope")
    object_kind = models.CharField(max_length=20, blank=True)
    object_guid = models.CharField(max_length=100, blank=True)
    object_title = models.CharField(max_length=330, blank=True, help_text="Its name at that time")
    reason = models.TextField(blank=True)
    text = models.TextField(blank=True, help_text="What there is to say besides, in our words")
    old = models.JSONField(default=dict, help_text="Values before; secrets never")
    new = models.JSONField(default=dict, help_text="Values asked for; of a secret only that it changed")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")
    request_id = models.CharField(max_length=64, blank=True, help_text="The id that the logs carry too")

    class Meta:
        indexes = [
            models.Index(fields=["ou", "-id"], name="audit_by_ou"),
            models.Index(fields=["by", "-id"], name="audit_by_person"),
            models.Index(fields=["kind", "-id"], name="audit_by_kind"),
            models.Index(fields=["object_kind", "object_guid", "-id"], name="audit_by_object"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_title}".strip()
