from django.apps import AppConfig


class Portal(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401  (registers the system checks)
        from portal.acting import looking

        looking.connect()
