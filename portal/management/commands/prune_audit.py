from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.dateparse import parse_date

from provisioning import audit
from provisioning.models import AuditEntry


def day(text: str) -> datetime:
    """The first moment of a day, in the portal's zone."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no day; type one as 2019-12-31")
    return timezone.make_aware(datetime.combine(found, time.min))


class Command(BaseCommand):
    help = "Remove old entries of the audit trail: those before a day, or older than AUDIT_YEARS. Without --yes only counts."

    def add_arguments(self, parser: CommandParser) -> None:
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--before", type=day, help="Remove what is older than this day, as 2019-12-31")
        when.add_argument("--years", type=int, help=f"Keep so many years (now {settings.AUDIT_YEARS})")
        parser.add_argument("--yes", action="store_true", help="Really remove; cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many entries of which time. The database refuses what is younger than a year, whoever asks."""
        before = options["before"] or _years_ago(options["years"])
        if before > timezone.now() - audit.YOUNGEST:
            raise CommandError("What is younger than a year is kept. Choose an earlier day.")
        self.stdout.write(_counted(before))
        if not options["yes"]:
            self.stdout.write("Nothing was removed. Add --yes to remove them for good.")
            return
        removed = _prune(before)
        self.stdout.write(f"{removed:,} removed.")


def _years_ago(years: int | None) -> datetime:
    wanted = settings.AUDIT_YEARS if years is None else years
    now = timezone.now()
    if not 1 <= wanted < now.year:
        raise CommandError("Keep at least one year.")
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - wanted, day=day)


def _counted(before: datetime) -> str:
    old = AuditEntry.objects.filter(at__lt=before)
    number, kept = old.count(), AuditEntry.objects.filter(at__gte=before).count()
    facts = old.aggregate(first=Min("at"), last=Max("at"))
    span = f", from {facts['first']:%Y-%m-%d} to {facts['last']:%Y-%m-%d}" if number else ""
    return (
        f"{number:,} entries are older than {timezone.localtime(before):%Y-%m-%d}{span}; {kept:,} are kept."
    )


@transaction.atomic
def _prune(before: datetime) -> int:
    """Removed and written down together."""
    removed = audit.prune(before)
    new = {"before": before.isoformat(timespec="seconds"), "removed": removed}
    audit.record("setting", by=None, title="Audit trail", text="Old entries were removed.", new=new)
    return removed
