from django.apps import AppConfig


class Provisioning(AppConfig):
    name = "provisioning"
    default_auto_field = "django.db.models.BigAutoField"
