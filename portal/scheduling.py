"""The form that sets a deletion for a day. For pages of any slice."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.confirming import ReasonForm

USUAL_DAYS = 30
MOST_DAYS = 366
# In the morning, so that somebody is there when SYNAQ refuses a part of it.
HOUR = time(9, 0)


class ScheduleForm(ReasonForm):
    """On which day something is to be deleted."""

    field_order = ("due_on", "reason")

    due_on = forms.DateField(
        label="Delete on",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={
            "required": "Choose the day on which it is to be deleted.",
            "invalid": "Type the day as year-month-day, such as 2027-01-31.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_later_%s")
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.earliest, self.latest = today + timedelta(days=1), today + timedelta(days=MOST_DAYS)
        field = self.fields["due_on"]
        field.initial = today + timedelta(days=USUAL_DAYS)
        field.widget.attrs |= {"min": self.earliest.isoformat(), "max": self.latest.isoformat()}

    def clean_due_on(self) -> date:
        """From tomorrow on, and not forgotten by then."""
        day: date = self.cleaned_data["due_on"]
        if day < self.earliest:
            raise ValidationError("Choose tomorrow or a later day; what is to go today is removed below.")
        if day > self.latest:
            raise ValidationError("Choose a day within a year from now.")
        return day

    def due_at(self) -> datetime:
        """The moment at which it starts."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["due_on"], HOUR))
