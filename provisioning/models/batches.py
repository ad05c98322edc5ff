"""Many actions asked for together, in an order where one step needs another; and what is set for a later date."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from provisioning.models.connections import Connection
from provisioning.models.ous import OU

# Kinds whose steps do not need each other: a failure is counted, and the rest goes on.
GOES_ON = frozenset({"selection", "import", "usage"})
# Kinds that stand behind what people wait for, and of which many are under way at a time.
BEHIND = frozenset({"usage"})


class Batch(models.Model):
    """What one person asked for in one go. Written by `provisioning/batches.py` alone."""

    class State(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        FINISHED = "finished"
        ABANDONED = "abandoned"

    OPEN = (State.RUNNING, State.STOPPED)

    kind = models.CharField(max_length=30, help_text="teardown, domain_delete, unlock, new_customer …")
    title = models.CharField(max_length=330)
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="batches", help_text="For scope")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    submission = models.UUIDField(unique=True, help_text="One form sent twice is one batch")
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    words = models.TextField(blank=True, help_text="Why it stopped")
    target_kind = models.CharField(max_length=20, blank=True)
    target_guid = models.CharField(max_length=100, blank=True)
    target_title = models.CharField(max_length=330, blank=True)
    request_id = models.CharField(max_length=64, blank=True, help_text="Of the click, for its actions too")
    restored_at = models.DateTimeField(
        null=True,
        help_text="It stood open in a backup restored then: its steps may have been carried out since",
    )
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="batch_ended_iff_end_state",
                condition=Q(state__in=["finished", "abandoned"], ended_at__isnull=False)
                | Q(state__in=["running", "stopped"], ended_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="batch_running", condition=Q(state="running")),
            models.Index(fields=["target_kind", "target_guid", "-id"], name="batch_by_target"),
            models.Index(fields=["ou", "-id"], name="batch_by_ou"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_behind(self) -> bool:
        """Whether its actions let people's go first."""
        return self.kind in BEHIND

    @property
    def goes_on(self) -> bool:
        """Whether a failure leaves the other steps alone."""
        return self.kind in GOES_ON

    @property
    def standing(self) -> str:
        """The state as people see it: all was tried and some failed is not the same as stopped half-way."""
        return "partly" if self.goes_on and self.state == self.State.STOPPED else self.state


class Step(models.Model):
    """One action to come of a batch. Those of a rank run side by side; the next rank waits for all of them."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="steps")
    rank = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveIntegerField()
    operation = models.CharField(max_length=60)
    kind = models.CharField(max_length=20, help_text="Kind of the target")
    guid = models.CharField(max_length=100)
    title = models.CharField(max_length=330)
    payload = models.JSONField(default=dict, help_text="Without secrets")
    sealed = models.TextField(
        blank=True, help_text="Secrets until the action is opened, which takes them over"
    )
    attempt = models.PositiveIntegerField(default=0, help_text="How often its action was opened anew")
    action = models.OneToOneField(
        "provisioning.Action", on_delete=models.PROTECT, null=True, related_name="step"
    )
    skipped = models.BooleanField(default=False, help_text="There was nothing left to do")
    words = models.TextField(blank=True, help_text="Why it was skipped, or could not be opened")

    class Meta:
        ordering = ["rank", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="step_has_its_place"),
            models.CheckConstraint(
                name="step_opened_holds_no_secret", condition=Q(sealed="") | Q(action__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "rank", "position"], name="step_in_order"),
            models.Index(
                fields=["batch", "rank", "position"],
                name="step_to_open",
                condition=Q(action=None, skipped=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.title}"


class Scheduled(models.Model):
    """A deletion that is set for a date. It can be cancelled until it runs."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    ou = models.ForeignKey(OU, on_delete=models.PROTECT, related_name="scheduled", help_text="For scope")
    kind = models.CharField(max_length=20)
    guid = models.CharField(max_length=100)
    title = models.CharField(max_length=330)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    submission = models.UUIDField(unique=True)
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, null=True, related_name="scheduled")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "guid"],
                name="scheduled_once_pending",
                condition=Q(cancelled_at=None, batch=None),
            ),
            models.CheckConstraint(
                name="scheduled_runs_or_is_cancelled",
                condition=Q(cancelled_at__isnull=True) | Q(batch__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="scheduled_due", condition=Q(cancelled_at=None, batch=None)
            ),
            models.Index(fields=["ou", "due_at"], name="scheduled_by_ou"),
        ]

    def __str__(self) -> str:
        return f"delete {self.title}"

    @property
    def is_pending(self) -> bool:
        return self.cancelled_at is None and self.batch_id is None
