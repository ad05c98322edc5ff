"""What the portal tells of itself: signs of life of its processes, and counts that all of them add to. In Postgres, so that
they outlive a wiped Redis and need no shared folder, however many machines there are."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """One process's last sign of life. Written by `provisioning/heartbeats.py` alone."""

    kind = models.CharField(max_length=10, help_text="web, worker, driver or beat")
    name = models.CharField(max_length=150, help_text="The process: what takes its place has the same")
    at = models.DateTimeField(default=timezone.now, help_text="By the database's clock")
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="heartbeat_is_one_process")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Tally(models.Model):
    """One count, over all processes and restarts. Written by `provisioning/tallies.py` alone."""

    name = models.CharField(max_length=60, help_text="A row of tallies.TABLE")
    labels = models.CharField(max_length=300, help_text="As JSON; names of our own, never of customers")
    value = models.FloatField(default=0)
    at = models.DateTimeField(default=timezone.now, help_text="When it last rose")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "labels"], name="tally_is_kept_once")]

    def __str__(self) -> str:
        return f"{self.name}{self.labels} {self.value}"
