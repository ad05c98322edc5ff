"""Roles that owners make, and where a second factor is asked for besides."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

PREFIX = "custom-"


class CustomRole(models.Model):
    """A set of permissions of portal/roles.py under a name of its own, for memberships on the OU and below."""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="custom_roles")
    label = models.CharField(max_length=60)
    about = models.CharField(max_length=200, blank=True)
    permissions = ArrayField(models.CharField(max_length=40), default=list)
    staff = models.BooleanField(default=True, help_text="For the reseller's own people, not its customers'")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, help_text="No longer given; those who hold it keep it")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ou", "label"], name="custom_role_once")]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """As it stands in `Membership.role`."""
        return f"{PREFIX}{self.pk}"


class SecondFactorRule(models.Model):
    """Whoever holds the role on the OU or below must sign in with a second factor. (Settings may ask it of more.)"""

    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=30)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ou", "role"], name="second_factor_rule_once")]

    def __str__(self) -> str:
        return f"{self.role} of {self.ou}"
