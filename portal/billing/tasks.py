"""Celery's door to what is looked for now and then. A message carries nothing: what is due stands in Postgres."""

from celery import shared_task

from portal.billing import alerts


@shared_task(name="portal.look_at_months")  # type: ignore[untyped-decorator]
def look_at_months() -> None:
    alerts.look()
