from __future__ import annotations

from django.db import models

from provisioning.models.domains import Domain
from provisioning.models.mirrored import Mirrored
from provisioning.models.ous import OU


class Mailbox(Mirrored):
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="mailboxes")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="mailboxes")
    email = models.CharField(max_length=330)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    display_name = models.CharField(max_length=300, blank=True)
    edition_code = models.CharField(max_length=100, blank=True)
    account_locked = models.BooleanField(default=False)
    lock_type = models.CharField(max_length=60, blank=True)
    lock_reason_code = models.CharField(max_length=100, blank=True)
    lock_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "guid"], name="mailbox_is_mirrored_once")
        ]
        indexes = [
            models.Index(fields=["email", "id"]),
            models.Index(fields=["domain", "email", "id"]),
            models.Index(fields=["email"], name="mailbox_email_prefix", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.email
