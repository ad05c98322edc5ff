"""People and what they may see: a membership gives a role on an OU and all below it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class People(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """A person with a sign-in. The address is kept as typed, and unique whatever its letter case."""
        person = self.model(email=email.strip(), **fields)
        person.set_password(password)
        person.save()
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(
        null=True, help_text="When their access ended; the record stays for the trail"
    )
    looked_at = models.DateTimeField(null=True, help_text="When they last looked at their own actions")

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = People()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="person_email_once")]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """The person holds the role on the OU and on everything below it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    ou = models.ForeignKey("provisioning.OU", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=30, help_text="Name of a role in portal/roles.py, or `custom-<id>`")
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "ou", "role"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.role} of {self.ou}"
