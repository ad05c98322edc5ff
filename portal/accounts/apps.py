from django.apps import AppConfig


class Accounts(AppConfig):
    name = "portal.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.accounts import signals

        signals.connect()
