from __future__ import annotations

from django.db import models

from provisioning.models.mirrored import Mirrored
from provisioning.models.ous import OU


class Package(Mirrored):
    """One product bought by one OU."""

    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="packages")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "guid"], name="package_is_mirrored_once")
        ]
        indexes = [models.Index(fields=["code", "id"])]

    def __str__(self) -> str:
        return self.name or self.code


class Edition(models.Model):
    """A class of service that the package's mailboxes, or its plan, may have."""

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="editions")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["package", "code"], name="edition_once_in_package")]

    def __str__(self) -> str:
        return self.name or self.code
