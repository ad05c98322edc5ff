"""The Celery application. What it does is in `provisioning/tasks.py` and `portal/billing/tasks.py`; how it behaves is in the
settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("mailroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["provisioning", "portal.billing"])
