"""Whoever asks for much at once steps back behind others' clicks; scheduled work stands behind both."""

from django.db import migrations, models

SCHEDULED = "UPDATE provisioning_action SET priority = 2 WHERE priority = 1 AND ended_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0014_restoring_and_pruning")]

    operations = [
        migrations.AlterField(
            model_name="action",
            name="priority",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="0: a person waits for it; 1: one of many at once; 2: scheduled work"
            ),
        ),
        migrations.AddIndex(
            model_name="action",
            index=models.Index(
                condition=models.Q(("priority", 0), ("state", "queued")),
                fields=["ou"],
                name="action_first_of_ou",
            ),
        ),
        migrations.RunSQL(SCHEDULED, migrations.RunSQL.noop),
    ]
