"""What all rows of the mirror have in common."""

from __future__ import annotations

from django.db import models

from provisioning.models.connections import Connection


class Mirrored(models.Model):
    """A thing at SYNAQ as it last answered. Rows are never removed: `gone_at` says when SYNAQ no longer knew it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    guid = models.CharField(max_length=100)
    state = models.CharField(max_length=60, blank=True)
    raw = models.JSONField(default=dict, help_text="SYNAQ's answer with passwords masked")
    known_since = models.DateTimeField(null=True, auto_now_add=True, help_text="When it came to the mirror")
    as_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True, help_text="When a list last showed it")

    class Meta:
        abstract = True

    @property
    def kind(self) -> str:
        return self._meta.model_name or ""
