"""People: roles that owners make, invitations, looking as a customer, brands."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_when_they_last_looked'),
        ('provisioning', '0007_audit_trail'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='given_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='person',
            name='left_at',
            field=models.DateTimeField(help_text='When their access ended; the record stays for the trail', null=True),
        ),
        migrations.AlterField(
            model_name='membership',
            name='role',
            field=models.CharField(help_text='Name of a role in portal/roles.py, or `custom-<id>`', max_length=30),
        ),
        migrations.CreateModel(
            name='Acting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('began_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(help_text='For scope', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['ou', '-id'], name='acting_by_ou')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='acting_has_a_reason'), models.CheckConstraint(condition=models.Q(('by', models.F('person')), _negated=True), name='acting_is_as_another')],
            },
        ),
        migrations.CreateModel(
            name='Brand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('accent', models.CharField(blank=True, help_text='As #rrggbb; readable on white and under white', max_length=7)),
                ('support_email', models.EmailField(blank=True, max_length=254)),
                ('host', models.CharField(blank=True, help_text='Host name whose sign-in page looks so', max_length=253)),
                ('logo', models.BinaryField(blank=True, help_text='PNG, made anew from what was uploaded')),
                ('logo_mark', models.CharField(blank=True, help_text='Changes with the logo: part of its URL', max_length=16)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ou', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='brand', to='provisioning.ou')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('host', ''), _negated=True), fields=('host',), name='brand_host_once')],
            },
        ),
        migrations.CreateModel(
            name='CustomRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=60)),
                ('about', models.CharField(blank=True, max_length=200)),
                ('permissions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('staff', models.BooleanField(default=True, help_text="For the reseller's own people, not its customers'")),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('retired_at', models.DateTimeField(help_text='No longer given; those who hold it keep it', null=True)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custom_roles', to='provisioning.ou')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('ou', 'label'), name='custom_role_once')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=150)),
                ('role', models.CharField(max_length=30)),
                ('token_hash', models.CharField(help_text='SHA-256 of the token, in hex', max_length=64, unique=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('mailed_at', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='provisioning.ou')),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), models.F('ou'), models.F('role'), condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), name='invitation_once_pending'), models.CheckConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True), _connector='OR'), name='invitation_is_accepted_or_withdrawn')],
            },
        ),
        migrations.CreateModel(
            name='SecondFactorRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(max_length=30)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ou', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.ou')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('ou', 'role'), name='second_factor_rule_once')],
            },
        ),
    ]
