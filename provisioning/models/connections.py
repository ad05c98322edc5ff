from __future__ import annotations

from django.db import models


class Connection(models.Model):
    """One API account at one address."""

    class Dialect(models.TextChoices):
        LEGACY = "legacy", "legacy (2018)"
        CURRENT = "current", "current (2026)"

    class Stage(models.TextChoices):
        PRODUCTION = "production", "production"
        STAGING = "staging", "staging"

    name = models.CharField(max_length=100)
    base_url = models.URLField(max_length=300)
    api_user = models.CharField(max_length=200)
    sealed_key = models.TextField()
    dialect = models.CharField(max_length=10, choices=Dialect.choices, default=Dialect.LEGACY)
    reseller_guid = models.CharField(max_length=100)
    rate = models.PositiveIntegerField(default=50, help_text="Most calls per second")
    made_at = models.DateTimeField(auto_now_add=True)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PRODUCTION)

    # A new key is tried before it takes the old one's place: until then the old one is used
    sealed_new_key = models.TextField(blank=True)
    check_wanted_at = models.DateTimeField(null=True, help_text="When somebody asked whether it works")
    checked_at = models.DateTimeField(null=True, help_text="When a worker last tried it")
    check_ok = models.BooleanField(null=True)
    check_words = models.TextField(blank=True, help_text="What the try told, in a sentence for people")
    check_not_before = models.DateTimeField(null=True, help_text="Held by a worker, or put off, until then")
    new_key_trouble = models.TextField(blank=True, help_text="Why the last new key was not taken")

    # What is there at SYNAQ is gone through by its lists (current dialect)
    listed_at = models.DateTimeField(null=True, help_text="When that was last begun")

    # The breaker, kept here because every driver reads this row anyway and Redis may be gone
    failures = models.PositiveIntegerField(default=0)
    broken_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base_url", "api_user"], name="connection_is_one_account"),
            models.CheckConstraint(condition=models.Q(rate__gte=1), name="connection_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_legacy(self) -> bool:
        return self.dialect == self.Dialect.LEGACY


class SaltBlock(models.Model):
    """The last salt handed out for one API user, in microseconds. Blocks are taken by one UPDATE."""

    api_user = models.CharField(max_length=200, primary_key=True)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.api_user
