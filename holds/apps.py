"""Django's entry to the room `holds`."""

from django.apps import AppConfig


class HoldsConfig(AppConfig):
    name = "holds"
    verbose_name = "Holds"

    def ready(self) -> None:
        """Register the jobs of the room."""
        from holds import evaluation, retention  # noqa: PLC0415 - needs loaded apps

        evaluation.register()
        retention.register()
