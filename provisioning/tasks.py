"""Celery's doors into the house. A message carries nothing: what is due stands in Postgres."""

import multiprocessing
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from provisioning import runner

# Made before the workers fork: the parent is told of the end, the children drive.
_stopping = multiprocessing.get_context("fork").Event()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: Any) -> None:
    _stopping.set()


@shared_task(name="provisioning.drive")  # type: ignore[untyped-decorator]
def drive() -> None:
    runner.drive(stopping=_stopping.is_set)
