from __future__ import annotations

from django.db import models

from provisioning.models.mirrored import Mirrored
from provisioning.models.ous import OU
from provisioning.models.packages import Package


class Domain(Mirrored):
    """A customer's domain. `fields` are the service fields that its packages ask for, passwords masked."""

    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=260)
    fields = models.JSONField(default=dict)
    usage = models.JSONField(null=True)
    packages = models.ManyToManyField(Package, through="DomainLink", related_name="domains")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "guid"], name="domain_is_mirrored_once")]
        indexes = [models.Index(fields=["name", "id"])]

    def __str__(self) -> str:
        return self.name


class DomainLink(models.Model):
    """The domain is linked to the package: SYNAQ accepted the link, or showed it."""

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="links")
    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="links")
    as_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "package"], name="domain_linked_once")]

    def __str__(self) -> str:
        return f"{self.domain} on {self.package}"
