from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_table_of_sign_in_limits")]
    operations = [
        migrations.AddField(
            "person",
            "looked_at",
            models.DateTimeField(null=True, help_text="When they last looked at their own actions"),
        )
    ]
