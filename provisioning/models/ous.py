from __future__ import annotations

from django.db import models

from provisioning.models.mirrored import Mirrored


class OU(Mirrored):
    """A reseller, sub-reseller or company. `path` holds the ids from the root down, so that a tree is a prefix."""

    class Type(models.TextChoices):
        RESELLER = "reseller", "reseller"
        SUBRESELLER = "subreseller", "sub-reseller"
        COMPANY = "company", "company"

    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = models.CharField(max_length=200, db_index=True, editable=False)
    type = models.CharField(max_length=20, choices=Type.choices)
    title = models.CharField(max_length=300)
    client_ref = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "guid"], name="ou_is_mirrored_once")]
        indexes = [models.Index(fields=["title", "id"])]

    def __str__(self) -> str:
        return self.title

    @property
    def is_company(self) -> bool:
        return self.type == self.Type.COMPANY


class Catalogue(models.Model):
    """What a new package under a company may be: the OPTIONS answer as it came."""

    ou = models.OneToOneField(OU, on_delete=models.PROTECT, related_name="catalogue")
    raw = models.JSONField()
    as_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"catalogue of {self.ou}"
