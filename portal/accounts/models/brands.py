from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Brand(models.Model):
    """How the portal looks for a reseller and everything below it: its name instead of ours."""

    ou = models.OneToOneField("provisioning.OU", on_delete=models.PROTECT, related_name="brand")
    name = models.CharField(max_length=60)
    accent = models.CharField(
        max_length=7, blank=True, help_text="As #rrggbb; readable on white and under white"
    )
    support_email = models.EmailField(max_length=254, blank=True)
    host = models.CharField(max_length=253, blank=True, help_text="Host name whose sign-in page looks so")
    logo = models.BinaryField(blank=True, help_text="PNG, made anew from what was uploaded")
    logo_mark = models.CharField(
        max_length=16, blank=True, help_text="Changes with the logo: part of its URL"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host"], name="brand_host_once", condition=~Q(host="")),
        ]

    def __str__(self) -> str:
        return self.name
