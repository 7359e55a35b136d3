"""Django's entry to the wiring: it binds tasks to the Celery app and registers the checks of a deployment."""

from django.apps import AppConfig


class ConfConfig(AppConfig):
    name = "credit_mgmt.conf"
    label = "conf"
    verbose_name = "Wiring"

    def ready(self) -> None:
        """Bind `shared_task`s to our Celery app in every process, and register the system checks."""
        from credit_mgmt.conf import celery, production  # noqa: F401, PLC0415 - both need loaded apps
