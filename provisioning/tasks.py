"""Celery's doors into the house. A message carries nothing: what is due stands in Postgres."""

import multiprocessing
from typing import Any

from celery import shared_task
from celery.signals import heartbeat_sent, worker_shutdown, worker_shutting_down

from provisioning import announce, checking, heartbeats, runner

# Made before the workers fork: the parent is told of the end, the children drive. A bare byte without a lock,
# which a killed child could take with it.
_stopping = multiprocessing.get_context("fork").RawValue("b", 0)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: Any) -> None:
    _stopping.value = 1


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
def _alive(sender: Any, **_: Any) -> None:
    """By the worker's parent, every two seconds while it has its broker: also when nobody sends it anything to do."""
    heartbeats.give_safely(heartbeats.WORKER, sender.eventer.hostname, process=heartbeats.here())


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _ended(sender: Any, **_: Any) -> None:
    heartbeats.end(heartbeats.WORKER, getattr(sender, "hostname", "") or "")


# While the database is away, a driver keeps what SYNAQ answered, and outlives the time that other tasks have
@shared_task(name="provisioning.drive", soft_time_limit=570, time_limit=600)  # type: ignore[untyped-decorator]
def drive() -> None:
    checking.begin()
    if runner.drive(stopping=lambda: bool(_stopping.value)) and not _stopping.value:
        announce.nudge()  # there was work: with many processes, a beat a second would not keep them all at it
