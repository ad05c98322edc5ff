"""Usage is read like other things, behind what people wait for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0010_connection_checks")]

    operations = [
        migrations.AddField(
            model_name="reading",
            name="priority",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="0: a person waits for it; more: scheduled work, which goes after"
            ),
        ),
        migrations.AlterField(
            model_name="reading",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ou", "Ou"),
                    ("package", "Package"),
                    ("domain", "Domain"),
                    ("mailbox", "Mailbox"),
                    ("catalogue", "Catalogue"),
                    ("usage", "Usage"),
                    ("usage_detail", "Usage Detail"),
                ],
                max_length=20,
            ),
        ),
    ]
