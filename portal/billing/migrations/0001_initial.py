"""Prices, closed months, adjustments, notices. A closed month and its lines are never changed: the database refuses."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


KEPT = """
CREATE TRIGGER billing_closedmonth_append_only BEFORE UPDATE OR DELETE ON billing_closedmonth
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
CREATE TRIGGER billing_line_append_only BEFORE UPDATE OR DELETE ON billing_line
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
CREATE TRIGGER billing_adjustment_kept BEFORE DELETE ON billing_adjustment
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
"""
BACK = """
DROP TRIGGER billing_adjustment_kept ON billing_adjustment;
DROP TRIGGER billing_line_append_only ON billing_line;
DROP TRIGGER billing_closedmonth_append_only ON billing_closedmonth;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('provisioning', '0009_usage'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('closed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('note', models.TextField(blank=True)),
                ('hash', models.CharField(help_text='SHA-256 over its lines in their canonical form', max_length=64)),
                ('closed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='closed_months', to='provisioning.ou')),
            ],
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('company', models.CharField(help_text='Its title then', max_length=330)),
                ('domain', models.CharField(blank=True, max_length=260)),
                ('edition', models.CharField(max_length=100)),
                ('product', models.CharField(blank=True, max_length=100)),
                ('count', models.IntegerField(help_text='Of an adjustment the difference, which may be negative')),
                ('currency', models.CharField(blank=True, help_text='Empty: unpriced', max_length=3)),
                ('net', models.DecimalField(decimal_places=2, help_text='Null: unpriced, which is not free', max_digits=14, null=True)),
                ('tax', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ('tax_rate', models.DecimalField(decimal_places=3, max_digits=6, null=True)),
                ('how', models.JSONField(default=dict, help_text='The price that was used: unit, tiers, minimum, book')),
                ('data_as_at', models.DateTimeField(null=True)),
                ('adjusts', models.DateField(help_text='The month that it corrects', null=True)),
                ('reason', models.TextField(blank=True)),
                ('closed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.closedmonth')),
                ('ou', models.ForeignKey(help_text='The company', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
                ('report', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.usagereport')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Adjustment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(blank=True, max_length=260)),
                ('edition', models.CharField(max_length=100)),
                ('count', models.IntegerField()),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('net', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ('tax', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ('reason', models.TextField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
                ('report', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.usagereport')),
                ('closed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='billing.closedmonth')),
                ('line', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.line')),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recipients', django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list, size=None)),
                ('pack', models.BooleanField(default=False, help_text="Send the month's workbook once it is closed")),
                ('jump', models.PositiveIntegerField(blank=True, help_text='Per cent of change that is told', null=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='usage_notice', to='provisioning.ou')),
            ],
        ),
        migrations.CreateModel(
            name='PriceBook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('currency', models.CharField(default='ZAR', help_text='ISO 4217', max_length=3)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(blank=True, help_text='Its last day; without one it holds on', null=True)),
                ('tax_rate', models.DecimalField(decimal_places=3, default=0, help_text='Per cent', max_digits=6)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_books', to='provisioning.ou')),
            ],
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('edition', models.CharField(max_length=100)),
                ('unit', models.DecimalField(decimal_places=4, max_digits=14)),
                ('minimum', models.DecimalField(decimal_places=2, default=0, help_text='Least that a customer pays for it a month', max_digits=14)),
                ('book', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='billing.pricebook')),
            ],
        ),
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('edition', models.CharField(blank=True, help_text='Empty: all editions together', max_length=100)),
                ('most', models.PositiveIntegerField()),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usage_quotas', to='provisioning.ou')),
            ],
        ),
        migrations.CreateModel(
            name='Sent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='pack, quota, jump', max_length=20)),
                ('about', models.CharField(help_text='Month, company and edition that it told of', max_length=200)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
            ],
        ),
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.PositiveIntegerField()),
                ('unit', models.DecimalField(decimal_places=4, max_digits=14)),
                ('price', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tiers', to='billing.price')),
            ],
            options={
                'ordering': ['first'],
            },
        ),
        migrations.AddConstraint(
            model_name='closedmonth',
            constraint=models.UniqueConstraint(fields=('ou', 'month'), name='month_closed_once'),
        ),
        migrations.AddConstraint(
            model_name='closedmonth',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='closed_month_of_a_first'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['ou', 'closed'], name='line_by_company'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.UniqueConstraint(fields=('closed', 'position'), name='line_has_its_place'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.UniqueConstraint(condition=models.Q(('report', None), _negated=True), fields=('closed', 'ou', 'domain', 'edition', 'report'), name='adjustment_once_a_report'),
        ),
        migrations.AddIndex(
            model_name='pricebook',
            index=models.Index(fields=['ou', 'valid_from'], name='price_book_by_ou'),
        ),
        migrations.AddConstraint(
            model_name='pricebook',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='price_book_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='pricebook',
            constraint=models.CheckConstraint(condition=models.Q(('tax_rate__gte', 0), ('tax_rate__lte', 100)), name='price_book_tax_is_a_rate'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(fields=('book', 'edition'), name='price_once_in_book'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('unit__gte', 0), ('minimum__gte', 0)), name='price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.UniqueConstraint(fields=('ou', 'edition'), name='quota_once'),
        ),
        migrations.AddConstraint(
            model_name='sent',
            constraint=models.UniqueConstraint(fields=('ou', 'kind', 'about'), name='sent_once'),
        ),
        migrations.AddConstraint(
            model_name='tier',
            constraint=models.UniqueConstraint(fields=('price', 'first'), name='tier_once'),
        ),
        migrations.AddConstraint(
            model_name='tier',
            constraint=models.CheckConstraint(condition=models.Q(('first__gte', 2), ('unit__gte', 0)), name='tier_begins_later'),
        ),
        migrations.RunSQL(KEPT, BACK),
    ]
