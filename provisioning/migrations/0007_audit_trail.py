"""The audit trail, and what a connection is tried with. Entries are only added: the database itself refuses all else."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


KEPT = """
CREATE FUNCTION provisioning_audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- `manage.py prune_audit` sets this for its own transaction; what is younger than a year stays even then
  IF TG_OP = 'DELETE' AND current_setting('mailroom.prune', true) = 'on' AND OLD.at < now() - interval '365 days' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER provisioning_audit_kept BEFORE UPDATE OR DELETE ON provisioning_auditentry
  FOR EACH ROW EXECUTE FUNCTION provisioning_audit_kept();

CREATE FUNCTION provisioning_audit_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- a test database is emptied between tests, and says so in its connection's options; in no other does saying so help
  IF current_setting('mailroom.may_truncate', true) = 'on' AND starts_with(current_database(), 'test_') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER provisioning_audit_not_emptied BEFORE TRUNCATE ON provisioning_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION provisioning_audit_not_emptied();
"""
BACK = """
DROP TRIGGER provisioning_audit_not_emptied ON provisioning_auditentry;
DROP FUNCTION provisioning_audit_not_emptied;
DROP TRIGGER provisioning_audit_kept ON provisioning_auditentry;
DROP FUNCTION provisioning_audit_kept;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0006_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='check_ok',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='check_wanted_at',
            field=models.DateTimeField(help_text='When somebody asked whether it works', null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='check_words',
            field=models.TextField(blank=True, help_text='What the try told, in a sentence for people'),
        ),
        migrations.AddField(
            model_name='connection',
            name='checked_at',
            field=models.DateTimeField(help_text='When a worker last tried it', null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='sealed_new_key',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='stage',
            field=models.CharField(choices=[('production', 'production'), ('staging', 'staging')], default='production', max_length=10),
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(help_text='A row of provisioning.audit.KINDS', max_length=40)),
                ('object_kind', models.CharField(blank=True, max_length=20)),
                ('object_guid', models.CharField(blank=True, max_length=100)),
                ('object_title', models.CharField(blank=True, help_text='Its name at that time', max_length=330)),
                ('reason', models.TextField(blank=True)),
                ('text', models.TextField(blank=True, help_text='What there is to say besides, in our words')),
                ('old', models.JSONField(default=dict, help_text='Values before; secrets never')),
                ('new', models.JSONField(default=dict, help_text='Values asked for; of a secret only that it changed')),
                ('request_id', models.CharField(blank=True, help_text='The id that the logs carry too', max_length=64)),
                ('acting_as', models.ForeignKey(help_text="The customer's person as whom they looked at the portal", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.action')),
                ('batch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.batch')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(help_text='For scope', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
            ],
            options={
                'indexes': [models.Index(fields=['ou', '-id'], name='audit_by_ou'), models.Index(fields=['by', '-id'], name='audit_by_person'), models.Index(fields=['kind', '-id'], name='audit_by_kind'), models.Index(fields=['object_kind', 'object_guid', '-id'], name='audit_by_object'), models.Index(fields=['at'], name='audit_by_time')],
            },
        ),
        migrations.RunSQL(KEPT, BACK),
    ]
