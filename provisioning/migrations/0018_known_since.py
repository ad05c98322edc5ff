"""Since when the portal knows a thing. Of what it has now it says nothing: that was known before whatever is asked next."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0017_a_persons_own")]

    operations = [
        change(
            model_name=name,
            name="known_since",
            field=models.DateTimeField(null=True, help_text="When it came to the mirror", **more),
        )
        for name in ("ou", "package", "domain", "mailbox")
        # added first without a time of its own, else what is there were known since now
        for change, more in ((migrations.AddField, {}), (migrations.AlterField, {"auto_now_add": True}))
    ]
