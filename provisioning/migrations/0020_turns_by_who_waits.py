"""Polls and look-ups are claimed by who waits for them: however many are due behind people's, a claim costs the same."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0019_readings_by_who_waits")]

    operations = [
        migrations.RemoveIndex("action", "action_turns"),
        migrations.AddIndex(
            "action",
            models.Index(
                fields=["connection", "priority", "next_at", "id"],
                name="action_turns",
                condition=models.Q(state__in=["waiting", "unconfirmed"]),
            ),
        ),
    ]
