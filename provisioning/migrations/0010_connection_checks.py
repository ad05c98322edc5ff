"""When a connection may be tried again, and why a new key was not taken."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0009_usage'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='check_not_before',
            field=models.DateTimeField(help_text='Held by a worker, or put off, until then', null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='new_key_trouble',
            field=models.TextField(blank=True, help_text='Why the last new key was not taken'),
        ),
    ]
