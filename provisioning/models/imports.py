"""A file of mailboxes to be made, between its upload and its run."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from provisioning.models.batches import Batch


class Import(models.Model):
    """One person's file. What it holds is sealed, passwords included, and wiped when it is run or has expired."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(unique=True, help_text="One form sent twice is one import")
    sealed = models.TextField(blank=True, help_text="Its rows, until it is run")
    issued = models.TextField(
        blank=True, help_text="Sealed: passwords made at its run, until they are fetched once"
    )
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ran_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    batches = models.ManyToManyField(Batch, related_name="imports")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_that_ran_holds_no_file", condition=Q(sealed="") | Q(ran_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="import_to_wipe",
                condition=~Q(sealed="", issued=""),
            )
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"
