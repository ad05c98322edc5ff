"""Usage: reports are history, and only added to. Scheduled work stands in line behind what a person waits for."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


KEPT = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();"
    for table in ("provisioning_usagereport", "provisioning_usagecount")
)
BACK = "".join(
    f"DROP TRIGGER {table}_append_only ON {table};"
    for table in ("provisioning_usagereport", "provisioning_usagecount")
)


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0008_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MonthlyFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text="Its first day, by the portal's time zone")),
                ('edition', models.CharField(max_length=100)),
                ('product', models.CharField(blank=True, max_length=100)),
                ('count', models.PositiveIntegerField()),
                ('data_as_at', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='UsageCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('edition', models.CharField(help_text="The edition's code in SYNAQ's words", max_length=100)),
                ('product', models.CharField(blank=True, help_text='Code of the product it belongs to, if known', max_length=100)),
                ('count', models.PositiveIntegerField()),
                ('mailboxes', models.JSONField(default=list, help_text='The billable mailboxes behind it, where SYNAQ lists them')),
                ('warning', models.TextField(blank=True)),
                ('problem', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='UsageReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('summary', 'usage report'), ('detailed', 'detailed usage')], max_length=10)),
                ('data_as_at', models.DateTimeField(help_text='As SYNAQ says; null where it does not', null=True)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('digest', models.CharField(help_text='Of its content: the same report read twice is one', max_length=64)),
                ('raw', models.JSONField(default=dict, help_text="SYNAQ's words, secrets masked")),
                ('problems', models.JSONField(default=list, help_text='What was odd about it, in our sentences')),
            ],
        ),
        migrations.CreateModel(
            name='UsageRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(choices=[('night', 'nightly'), ('month_end', 'last day of the month'), ('person', 'asked for by a person')], max_length=10)),
                ('day', models.DateField(help_text="For which day, by the portal's time zone")),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='action',
            name='action_queue',
        ),
        migrations.AddField(
            model_name='action',
            name='priority',
            field=models.PositiveSmallIntegerField(default=0, help_text='0: a person waits for it; more: scheduled work, which goes after'),
        ),
        migrations.AddIndex(
            model_name='action',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['connection', 'priority', 'next_at', 'id'], name='action_queue'),
        ),
        migrations.AddField(
            model_name='monthlyfigure',
            name='domain',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.domain'),
        ),
        migrations.AddField(
            model_name='monthlyfigure',
            name='ou',
            field=models.ForeignKey(help_text='The company', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou'),
        ),
        migrations.AddField(
            model_name='usagereport',
            name='action',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.action'),
        ),
        migrations.AddField(
            model_name='usagereport',
            name='connection',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.connection'),
        ),
        migrations.AddField(
            model_name='usagereport',
            name='domain',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usage_reports', to='provisioning.domain'),
        ),
        migrations.AddField(
            model_name='usagereport',
            name='ou',
            field=models.ForeignKey(help_text='Whose it was then', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou'),
        ),
        migrations.AddField(
            model_name='usagecount',
            name='report',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counts', to='provisioning.usagereport'),
        ),
        migrations.AddField(
            model_name='monthlyfigure',
            name='report',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.usagereport'),
        ),
        migrations.AddField(
            model_name='usagerun',
            name='batch',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='usage_run', to='provisioning.batch'),
        ),
        migrations.AddField(
            model_name='usagerun',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='usagerun',
            name='connection',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.connection'),
        ),
        migrations.AddIndex(
            model_name='usagereport',
            index=models.Index(fields=['domain', '-id'], name='usage_report_by_domain'),
        ),
        migrations.AddConstraint(
            model_name='usagereport',
            constraint=models.UniqueConstraint(fields=('domain', 'source', 'digest'), name='usage_report_kept_once'),
        ),
        migrations.AddConstraint(
            model_name='usagecount',
            constraint=models.UniqueConstraint(fields=('report', 'edition'), name='usage_count_once'),
        ),
        migrations.AddIndex(
            model_name='monthlyfigure',
            index=models.Index(fields=['month', 'ou', 'edition'], name='monthly_figure_by_company'),
        ),
        migrations.AddIndex(
            model_name='monthlyfigure',
            index=models.Index(fields=['ou', 'month'], name='monthly_figure_history'),
        ),
        migrations.AddConstraint(
            model_name='monthlyfigure',
            constraint=models.UniqueConstraint(fields=('month', 'domain', 'edition'), name='monthly_figure_once'),
        ),
        migrations.AddConstraint(
            model_name='monthlyfigure',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='monthly_figure_of_a_first'),
        ),
        migrations.AddIndex(
            model_name='usagerun',
            index=models.Index(fields=['connection', '-id'], name='usage_run_by_connection'),
        ),
        migrations.AddConstraint(
            model_name='usagerun',
            constraint=models.UniqueConstraint(condition=models.Q(('why', 'person'), _negated=True), fields=('connection', 'why', 'day'), name='usage_run_once_a_day'),
        ),
        migrations.RunSQL(KEPT, BACK),
    ]
