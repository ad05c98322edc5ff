from django.apps import AppConfig


class Billing(AppConfig):
    name = "portal.billing"
    default_auto_field = "django.db.models.BigAutoField"
