"""An index for each claim of readings: those that people wait for, and those that are behind."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0018_known_since")]

    operations = [
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                fields=["connection", "due_at"],
                name="reading_due_for_people",
                condition=Q(due_at__isnull=False, priority=0),
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                fields=["connection", "due_at"],
                name="reading_due_behind",
                condition=Q(due_at__isnull=False, priority__gt=0),
            ),
        ),
    ]
