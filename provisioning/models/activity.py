"""The ledger: what we asked, and how it went. Written by `provisioning/ledger.py` alone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from provisioning.models.connections import Connection
from provisioning.models.ous import OU


class Action(models.Model):
    """One thing that a person asked for."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        WAITING = "waiting"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"
        UNCONFIRMED = "unconfirmed"

    OPEN = (State.QUEUED, State.SENDING, State.WAITING, State.UNCONFIRMED)
    IN_FLIGHT = (State.SENDING, State.WAITING, State.UNCONFIRMED)
    ENDED = (State.FINISHED, State.FAILED, State.CANCELLED)

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=60)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reason = models.TextField(blank=True)
    submission = models.UUIDField(unique=True, help_text="One form sent twice is one action")

    batch = models.ForeignKey(
        "provisioning.Batch", on_delete=models.PROTECT, null=True, related_name="actions"
    )

    ou = models.ForeignKey(
        OU, on_delete=models.PROTECT, related_name="actions", help_text="Whose it is, for scope"
    )
    kind = models.CharField(max_length=20, help_text="Kind of the target")
    guid = models.CharField(max_length=100, help_text="The target; of a creation, what it is created under")
    title = models.CharField(max_length=330, help_text="The thing's name when it was asked for")
    lock_key = models.CharField(max_length=600, help_text="What can have one thing in flight")
    payload = models.JSONField(default=dict, help_text="Without secrets")
    sealed = models.TextField(blank=True, help_text="Secrets until they are sent")

    priority = models.PositiveSmallIntegerField(
        default=0, help_text="0: a person waits for it; 1: one of many at once; 2: scheduled work"
    )
    attempt = models.PositiveIntegerField(
        default=0, help_text="Fence: a write of an older attempt touches no row"
    )
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="When to send, poll or look up next")
    polls = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0, help_text="Sends put off, or look-ups that told nothing")

    remote_path = models.CharField(max_length=500, blank=True)
    remote_id = models.CharField(max_length=100, blank=True)
    remote_state = models.CharField(max_length=60, blank=True)
    result_kind = models.CharField(max_length=20, blank=True)
    result_guid = models.CharField(max_length=100, blank=True)

    meaning = models.CharField(
        max_length=30, blank=True, help_text="Why it failed or waits: a row of the client's table"
    )
    words = models.TextField(blank=True, help_text="SYNAQ's words, or ours where there are none")
    errors = models.JSONField(default=list, help_text="[{field, message}] in SYNAQ's words")

    request_id = models.CharField(max_length=64, blank=True, help_text="Of the click: the logs carry it too")
    asked_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lock_key", "connection"],
                name="action_one_in_flight",
                condition=Q(state__in=["sending", "waiting", "unconfirmed"]),
            ),
            models.CheckConstraint(
                name="action_state_is_known",
                condition=Q(
                    state__in=[
                        "queued",
                        "sending",
                        "waiting",
                        "finished",
                        "failed",
                        "cancelled",
                        "unconfirmed",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="action_ended_iff_end_state",
                condition=Q(state__in=["finished", "failed", "cancelled"], ended_at__isnull=False)
                | Q(state__in=["queued", "sending", "waiting", "unconfirmed"], ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="action_ended_holds_no_secret",
                condition=Q(sealed="") | ~Q(state__in=["finished", "failed", "cancelled"]),
            ),
        ]
        indexes = [
            # One for each claim, in the very order in which it claims: a queue of any length costs the same.
            models.Index(
                fields=["connection", "priority", "next_at", "id"],
                name="action_queue",
                condition=Q(state="queued"),
            ),
            models.Index(
                fields=["connection", "priority", "next_at", "id"],
                name="action_turns",
                condition=Q(state__in=["waiting", "unconfirmed"]),
            ),
            models.Index(fields=["next_at", "id"], name="action_sending", condition=Q(state="sending")),
            models.Index(
                fields=["lock_key", "id"],
                name="action_open_by_object",
                condition=Q(state__in=["queued", "sending", "waiting", "unconfirmed"]),
            ),
            models.Index(fields=["kind", "guid", "-id"], name="action_by_target"),
            models.Index(fields=["result_kind", "result_guid", "-id"], name="action_by_result"),
            models.Index(fields=["ou", "-id"], name="action_by_ou"),
            # What each person sees of their own on every page: what moves, and what has ended since they looked
            models.Index(fields=["by", "state", "ended_at"], name="action_by_person"),
            models.Index(
                fields=["ou"], name="action_first_of_ou", condition=Q(state="queued", priority=0)
            ),  # how many one OU has before all others (ledger.py)
            models.Index(
                fields=["batch"],
                name="action_open_of_batch",
                condition=Q(batch__isnull=False, state__in=["queued", "sending", "waiting", "unconfirmed"]),
            ),
            # How long actions of a kind take here (services/timing.py)
            models.Index(
                fields=["connection", "operation", "-ended_at"],
                name="action_times",
                condition=Q(state="finished"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.title}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Event(models.Model):
    """One line of an action's history. The database refuses to change or remove it."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
