"""One thing in flight per object of one connection: the same GUID at another is another thing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0015_many_at_once")]

    operations = [
        migrations.RemoveConstraint(model_name="action", name="action_one_in_flight"),
        migrations.AddConstraint(
            model_name="action",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["sending", "waiting", "unconfirmed"])),
                fields=("lock_key", "connection"),
                name="action_one_in_flight",
            ),
        ),
    ]
